"""Sequences of tensors inside a graph: how many tensors there are, and which one is meant, is known at conversion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlconvert_plugins.tfgraph.lazy import np
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.ops.shaping import concat, split_18, squeeze_1, unsqueeze_1
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Item, Value, static_ints


@dataclass(frozen=True)
class Tensors(Item):
    """A sequence, by its tensors."""

    items: tuple[Value, ...] = ()


@op("SequenceEmpty", since=(11,), ignores=("dtype",))
def sequence_empty() -> list[Any]:
    """Without tensors."""
    return [Tensors()]


@op("SequenceConstruct", since=(11,))
def sequence_construct(*inputs: Value) -> list[Any]:
    """Of these tensors."""
    return [Tensors(inputs)]


@op("SequenceInsert", since=(11,))
def sequence_insert(x: Tensors, tensor: Value, position: Value | None = None) -> list[Any]:
    """With one more, in front of a position or at the end."""
    place = len(x.items) if position is None else _place(x, position, len(x.items) + 1)
    return [Tensors((*x.items[:place], tensor, *x.items[place:]))]


@op("SequenceErase", since=(11,))
def sequence_erase(x: Tensors, position: Value | None = None) -> list[Any]:
    """Without one, the last by default."""
    place = len(x.items) - 1 if position is None else _place(x, position, len(x.items))
    return [Tensors((*x.items[:place], *x.items[place + 1 :]))]


@op("SequenceAt", since=(11,))
def sequence_at(x: Tensors, position: Value) -> Value:
    """The tensor at a position, which counts from the end if it is negative."""
    return x.items[_place(x, position, len(x.items))]


@op("SequenceLength", since=(11,))
def sequence_length(x: Tensors) -> Value:
    """How many tensors there are."""
    return Value(constant=np.asarray(len(x.items), np.int64))


@op("SplitToSequence", since=(11, 24))
def split_to_sequence(
    x: Value, split: Value | None = None, *, node: Node, axis: int = 0, keepdims: int = 1
) -> list[Any]:
    """In parts of given sizes, of one size, or of size 1, which may lose their axis."""
    sizes = _sizes(x, split, axis, node)
    parts = split_18(x, Value(constant=np.asarray(sizes, np.int64)), node=node, axis=axis, num_outputs=len(sizes))
    return [Tensors(tuple(parts if split is not None or keepdims else [squeeze_1(one, axes=[axis]) for one in parts]))]


@op("ConcatFromSequence", since=(11,))
def concat_from_sequence(x: Tensors, *, axis: int, new_axis: int = 0) -> Value:
    """All tensors along an axis, which may be a new one."""
    return concat(*(unsqueeze_1(one, axes=[axis]) if new_axis else one for one in x.items), axis=axis)


def _sizes(x: Value, split: Value | None, axis: int, node: Node) -> Sequence[int]:
    if split is not None and split.rank == 1:
        return static_ints(split, "split")
    whole = x.shape[axis]
    if whole is None:
        raise node.refusal("how many parts there are is known only at run time", "give the axis a fixed size")
    each = 1 if split is None else static_ints(split, "split")[0]
    return [min(each, whole - start) for start in range(0, whole, each)]


def _place(x: Tensors, position: Value, count: int) -> int:
    """The position counted from the front. Raises `not-constant`, and IndexError."""
    place = static_ints(position, "the position in a sequence")[0]
    if not -count <= place < count:
        raise IndexError(f"a sequence of {len(x.items)} tensors has no position {place}")
    return place % count

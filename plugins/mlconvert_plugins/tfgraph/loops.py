"""Loops in the graph, over tensors that each turn carries to the next and tensors that each turn adds to a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mlconvert_plugins.tfgraph.lazy import tf


@dataclass(frozen=True)
class Turn:
    """What a turn makes: what the next one begins with, what is collected, and whether there is a next one."""

    carried: Sequence[tf.Tensor]
    collected: Sequence[tf.Tensor] = ()
    more: tf.Tensor | bool = True


# A turn, by its number (a scalar int64) and what is carried into it.
Step = Callable[[Any, Sequence[Any]], Turn]
Tensors = list[Any]


def repeated(
    step: Step, carried: Sequence[tf.Tensor], trips: Any = None, more: tf.Tensor | bool = True
) -> tuple[Tensors, Tensors]:
    """What is carried out of the last turn, and what the turns collected, stacked along a new first axis.

    It ends after `trips` turns (a scalar int64; None for no limit), or before a turn for which `more` does not hold.
    Carried tensors may change their shapes from turn to turn; what is collected has one shape.
    """
    shapes, kinds = _settled(step, carried)

    def goes_on(number: Any, more: Any, carried: Any, lists: Any) -> Any:
        return more if trips is None else tf.logical_and(more, number < trips)

    def turn(number: Any, more: Any, carried: Any, lists: Any) -> Any:
        made = step(number, carried)
        return number + 1, tf.convert_to_tensor(made.more), list(made.carried), _grown(lists, made.collected)

    scalar = tf.TensorShape([])
    start = (tf.constant(0, tf.int64), tf.convert_to_tensor(more), list(carried), [_list(kind) for kind in kinds])
    invariants = (scalar, scalar, shapes, [scalar] * len(kinds))
    number, _, carried, lists = tf.while_loop(goes_on, turn, start, shape_invariants=invariants)
    return list(carried), [_stacked(one, kind, number) for one, kind in zip(lists, kinds, strict=True)]


def _settled(step: Step, carried: Sequence[tf.Tensor]) -> tuple[list[tf.TensorShape], list[tf.TensorSpec]]:
    """The shapes that carried tensors have before and after every turn, and what is collected, from trial turns."""
    shapes = [tensor.shape for tensor in carried]
    while True:
        with tf.__internal__.FuncGraph("trial").as_default():
            given = [
                tf.compat.v1.placeholder(tensor.dtype, shape) for tensor, shape in zip(carried, shapes, strict=True)
            ]
            made = step(tf.compat.v1.placeholder(tf.int64, []), given)
            after = [a.most_specific_compatible_shape(b.shape) for a, b in zip(shapes, made.carried, strict=True)]
            kinds = [tf.TensorSpec(one.shape, one.dtype) for one in made.collected]
        if after == shapes:
            return shapes, kinds
        shapes = after


def _list(kind: tf.TensorSpec) -> tf.Tensor:
    return tf.raw_ops.EmptyTensorList(element_shape=_shape(kind.shape), max_num_elements=-1, element_dtype=kind.dtype)


def _grown(lists: Sequence[tf.Tensor], tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    push = tf.raw_ops.TensorListPushBack
    return [push(input_handle=handle, tensor=tensor) for handle, tensor in zip(lists, tensors, strict=True)]


def _shape(shape: tf.TensorShape) -> tf.Tensor:
    """As lists take it: -1 for what is not known."""
    if shape.rank is None:
        return tf.constant(-1, tf.int32)
    return tf.constant([-1 if size is None else size for size in shape], tf.int32, [shape.rank])


def _stacked(handle: tf.Tensor, kind: tf.TensorSpec, length: tf.Tensor) -> tf.Tensor:
    """The list as a tensor. Of no turn at all, sizes that only a turn could tell are 0, as ONNX Runtime has it."""
    if kind.shape.is_fully_defined() or kind.shape.rank is None:
        return _all(handle, kind)
    empty = [0, *(size or 0 for size in kind.shape)]
    made = tf.cond(length > 0, lambda: _all(handle, kind), lambda: tf.zeros(empty, kind.dtype))
    made.set_shape([None, *kind.shape])
    return made


def _all(handle: tf.Tensor, kind: tf.TensorSpec) -> tf.Tensor:
    return tf.raw_ops.TensorListStack(
        input_handle=handle, element_shape=_shape(kind.shape), element_dtype=kind.dtype, num_elements=-1
    )

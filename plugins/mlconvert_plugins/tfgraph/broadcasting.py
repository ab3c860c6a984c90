"""Functions of several tensors, element by element, whose shapes are stretched to a common one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mlconvert_plugins.tfgraph import layouts
from mlconvert_plugins.tfgraph.layouts import Layout
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.values import Value


def elementwise(function: Callable[..., Any], *values: Value) -> Value:
    """`function` of the tensors, in a layout that most of them have already."""
    layout = common_layout(values)
    if not layout:
        return Value.of(function(*(value.tensor for value in values)))
    return Value(function(*(_laid(value, layout) for value in values)), layout)


def common_layout(values: Sequence[Value]) -> Layout:
    """The layout to work in: channels last where one is, else what all of the same rank share."""
    if not any(value.layout for value in values):
        return ()
    rank = max(value.rank for value in values)
    found = {value.layout for value in values if value.constant is None and value.rank == rank}
    last = layouts.channels_last(rank)
    return last if last in found else found.pop() if len(found) == 1 else ()


def _laid(value: Value, layout: Layout) -> tf.Tensor:
    """The tensor in a layout of more axes than it may have: missing ones come first, as broadcasting has it."""
    missing = len(layout) - value.rank
    if missing == 0:
        return value.laid(layout)
    if value.rank == 0:
        return value.tensor
    if value.constant is not None:
        return Value(constant=value.constant[(None,) * missing]).laid(layout)
    tensor = value.tensor
    for _ in range(missing):
        tensor = tensor[None]
    return Value(tensor).laid(layout)

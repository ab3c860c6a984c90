"""Pooling."""

from __future__ import annotations

from collections.abc import Sequence

from mlconvert_plugins.tfgraph.kernels import FLOATS, widened
from mlconvert_plugins.tfgraph.layouts import channels_last
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value
from mlconvert_plugins.tfgraph.windows import Pads, Window, padded


@op("GlobalAveragePool", since=(1, 22))
def global_average_pool(x: Value) -> Value:
    """The mean over the spatial axes, which stay with size 1."""
    places = [x.place(axis) for axis in range(2, x.rank)]
    return x.map(lambda t: tf.reduce_mean(t, places, keepdims=True))


@op("GlobalMaxPool", since=(1, 22))
def global_max_pool(x: Value) -> Value:
    """The largest over the spatial axes, which stay with size 1."""
    places = [x.place(axis) for axis in range(2, x.rank)]
    return x.map(lambda t: tf.reduce_max(t, places, keepdims=True))


@op("MaxPool", since=(1, 8, 10, 11, 12, 22))
def max_pool(
    x: Value,
    *,
    node: Node,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: Sequence[int] = (),
    kernel_shape: Sequence[int],
    pads: Sequence[int] = (),
    storage_order: int = 0,
    strides: Sequence[int] = (),
) -> Value:
    """The largest of each window; padding never is."""
    if node.wants(1):
        raise node.refusal("indices of the largest are not supported")
    window = Window.of(kernel_shape, strides, dilations, auto_pad, pads)
    layout = channels_last(x.rank)
    edges = _with_ceil(x, window, window.padding(x)) if ceil_mode else window.padding(x)
    tensor = padded(x.laid(layout), edges, x.dtype.min)
    pooled = widened(
        lambda t: tf.nn.pool(t, window.kernel, "MAX", window.strides, "VALID", dilations=window.dilations),
        (*FLOATS, "int32", "int64", "int16", "uint16", "uint8", "int8"),
    )
    return Value(pooled(tensor), layout)


@op("AveragePool", since=(1, 7, 10, 11, 19, 22))
def average_pool(
    x: Value,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    count_include_pad: int = 0,
    dilations: Sequence[int] = (),
    kernel_shape: Sequence[int],
    pads: Sequence[int] = (),
    strides: Sequence[int] = (),
) -> Value:
    """The mean of each window, over what is no padding, or with `count_include_pad` over that too."""
    window = Window.of(kernel_shape, strides, dilations, auto_pad, pads)
    layout = channels_last(x.rank)
    inner = window.padding(x)
    outer = _with_ceil(x, window, inner) if ceil_mode else inner
    tensor = x.laid(layout)
    pool = widened(
        lambda t: tf.nn.pool(t, window.kernel, "AVG", window.strides, "VALID", dilations=window.dilations), FLOATS
    )
    found = pool(padded(tensor, outer))
    if all(pair == (0, 0) for pair in outer):
        return Value(found, layout)
    ones = tf.ones_like(tensor[:1, ..., :1])
    counted = padded(ones, inner, 1) if count_include_pad else padded(ones, inner)
    extra = [(after[0] - before[0], after[1] - before[1]) for before, after in zip(inner, outer, strict=True)]
    return Value(found / pool(padded(counted, extra)), layout)


def _with_ceil(x: Value, window: Window, pads: Pads) -> Pads:
    """The pads with what a last window needs that starts inside the input or its left padding, but does not fit."""
    found: Pads = []
    for axis, (before, after) in enumerate(pads):
        size, stride, extent = x.size(axis + 2), window.strides[axis], window.extents[axis]
        steps = -((size + before + after - extent) // -stride)
        inside = (size + before - 1) // stride
        last = min(steps, inside) if isinstance(steps, int) and isinstance(inside, int) else tf.minimum(steps, inside)
        missing = last * stride + extent - (size + before)
        found.append((before, max(missing, after) if isinstance(missing, int) else tf.maximum(missing, after)))
    return found

"""Pooling."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

from mlconvert_plugins.tfgraph.kernels import FLOATS, WIDE_FLOATS, mapped, widened
from mlconvert_plugins.tfgraph.layouts import channels_last
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value
from mlconvert_plugins.tfgraph.windows import Pads, Window, are_none, padded

_WHOLE = ("int32", "int64", "int16", "uint16", "uint8", "int8")


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


@op("GlobalLpPool", since=(1, 2, 22))
def global_lp_pool(x: Value, *, p: float = 2) -> Value:
    """The root of the sum of powers over the spatial axes, which stay with size 1."""
    places = [x.place(axis) for axis in range(2, x.rank)]
    return mapped(x, lambda t: _root(tf.reduce_sum(_power(t, p), places, keepdims=True), p), WIDE_FLOATS)


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
) -> tuple[Value, ...]:
    """The largest of each window; padding never is. Its index counts through the whole tensor."""
    window = Window.of(kernel_shape, strides, dilations, auto_pad, pads)
    layout = channels_last(x.rank)
    edges = _with_ceil(x, window, window.padding(x)) if ceil_mode else window.padding(x)
    tensor = padded(x.laid(layout), edges, x.dtype.min)
    if not node.wants(1):
        pool = widened(lambda t: _pooled(t, window, "MAX"), (*FLOATS, *_WHOLE))
        return (Value(pool(tensor), layout),)
    places = padded(_places(x, column_major=bool(storage_order)), edges, -1)
    largest, found = _with_places(tensor, places, window)
    batch, channels = tf.range(x.size(0)), tf.range(x.size(1))
    first = tf.cast(batch, tf.int64)[:, None] * x.size(1) + tf.cast(channels, tf.int64)
    area = tf.reduce_prod(tf.shape(x.tensor, tf.int64)[2:])
    found += tf.reshape(first * area, tf.concat([tf.shape(first)[:1], [1] * (x.rank - 2), tf.shape(first)[1:]], 0))
    return Value(largest, layout), Value(found, layout)


def _places(x: Value, column_major: bool) -> tf.Tensor:
    """The index of each pixel in its image, channels last; rows first, or columns as ONNX's storage order 1 has it."""
    spatial = tf.shape(x.tensor, tf.int64)[2:]
    order = list(range(x.rank - 2))[:: -1 if column_major else 1]
    counted = tf.reshape(tf.range(tf.reduce_prod(spatial)), tf.gather(spatial, order))
    return tf.transpose(counted, order)[None, ..., None]


def _with_places(tensor: tf.Tensor, places: tf.Tensor, window: Window) -> tuple[tf.Tensor, tf.Tensor]:
    """The largest of each window, and its place; the first one of equals."""
    first, *others = itertools.product(*map(range, window.kernel))
    largest = _tap(tensor, first, window)
    found = tf.broadcast_to(_tap(places, first, window), tf.shape(largest))
    for tap in others:
        part, place = _tap(tensor, tap, window), _tap(places, tap, window)
        # Whatever stands in the padding gives way to any pixel.
        better = (place >= 0) & ((part > largest) | (found < 0))
        largest, found = tf.where(better, part, largest), tf.where(better, place, found)
    return largest, found


def _tap(tensor: tf.Tensor, tap: Sequence[int], window: Window) -> tf.Tensor:
    """What one element of the window sees at each of its steps over a padded tensor."""
    slices = []
    for axis, extent in enumerate(window.extents):
        first = tap[axis] * window.dilations[axis]
        size = Value(tensor).size(axis + 1)
        slices.append(slice(first, size - extent + first + 1, window.strides[axis]))
    return tensor[(slice(None), *slices)]


def _pooled(tensor: tf.Tensor, window: Window, kind: str) -> tf.Tensor:
    """Pooling of a padded tensor. TensorFlow's kernels have no dilation, and no step larger than the window."""
    steps = zip(window.strides, window.kernel, strict=True)
    if set(window.dilations) == {1} and all(stride <= size for stride, size in steps):
        return tf.nn.pool(tensor, window.kernel, kind, window.strides, "VALID")
    if set(window.strides) == {1}:
        return tf.nn.pool(tensor, window.kernel, kind, window.strides, "VALID", dilations=window.dilations)
    parts = [_tap(tensor, tap, window) for tap in itertools.product(*map(range, window.kernel))]
    if kind == "MAX":
        return functools.reduce(tf.maximum, parts)
    return tf.add_n(parts) / tf.cast(len(parts), tensor.dtype)


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
    pool = widened(lambda t: _pooled(t, window, "AVG"), FLOATS)
    found = pool(padded(tensor, outer))
    if are_none(outer):
        return Value(found, layout)
    ones = tf.ones_like(tensor[:1, ..., :1])
    counted = padded(ones, inner, 1) if count_include_pad else padded(ones, inner)
    extra = [(after[0] - before[0], after[1] - before[1]) for before, after in zip(inner, outer, strict=True)]
    return Value(found / pool(padded(counted, extra)), layout)


@op("LpPool", since=(1, 2, 11, 18, 22))
def lp_pool(
    x: Value,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: Sequence[int] = (),
    kernel_shape: Sequence[int],
    p: float = 2,
    pads: Sequence[int] = (),
    strides: Sequence[int] = (),
) -> Value:
    """The root of the sum of powers in each window, to which padding adds nothing."""
    window = Window.of(kernel_shape, strides, dilations, auto_pad, pads)
    layout = channels_last(x.rank)
    edges = _with_ceil(x, window, window.padding(x)) if ceil_mode else window.padding(x)
    count = math.prod(window.kernel)
    pool = widened(lambda t: _root(_pooled(padded(_power(t, p), edges), window, "AVG") * count, p), WIDE_FLOATS)
    return Value(pool(x.laid(layout)), layout)


def _power(t: tf.Tensor, p: float) -> tf.Tensor:
    return tf.abs(t) if p == 1 else t * t if p == 2 else tf.pow(tf.abs(t), p)


def _root(t: tf.Tensor, p: float) -> tf.Tensor:
    return t if p == 1 else tf.sqrt(t) if p == 2 else tf.pow(t, 1 / p)


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

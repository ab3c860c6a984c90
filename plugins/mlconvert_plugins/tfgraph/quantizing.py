"""Numbers as small ones of another scale, and back: what all quantized operators have in common.

The arithmetic is float32's, whatever the types: it holds every quantized integer, and rounds as ONNX Runtime does.
"""

from __future__ import annotations

from mlconvert_plugins.tfgraph.broadcasting import elementwise
from mlconvert_plugins.tfgraph.casting import cast_tensor, cast_to
from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.values import Value, as_shape

_RANGES = {
    "int4": (-8, 7),
    "uint4": (0, 15),
    "int8": (-128, 127),
    "uint8": (0, 255),
    "int16": (-32768, 32767),
    "uint16": (0, 65535),
}


def quantized(x: Value, scale: Value, zero: Value | None, dtype: tf.DType, *, saturate: bool = True) -> Value:
    """saturate(round(x / scale) + zero), where scale and zero broadcast to `x` and the scale's type divides."""
    ratio = elementwise(lambda t, s: tf.cast(t, s.dtype) / s, x, scale)
    if dtype.name not in _RANGES:
        return cast_to(ratio, dtype, saturate=saturate)
    whole = ratio.map(lambda t: tf.cast(tf.round(t), tf.float32))
    if zero is not None:
        whole = elementwise(tf.math.add, whole, cast_to(zero, tf.float32))
    low, high = _RANGES[dtype.name]
    return whole.map(lambda t: cast_tensor(tf.clip_by_value(t, float(low), float(high)), dtype))


def dequantized(x: Value, scale: Value, zero: Value | None, dtype: tf.DType) -> Value:
    """(x - zero) scale, where scale and zero broadcast to `x`."""
    found = cast_to(x, tf.float32) if x.dtype.is_floating else cast_to(centred(x, zero), tf.float32)
    if x.dtype.is_floating and zero is not None:
        found = elementwise(tf.math.subtract, found, cast_to(zero, tf.float32))
    return cast_to(elementwise(tf.math.multiply, found, cast_to(scale, tf.float32)), dtype)


def centred(x: Value, zero: Value | None) -> Value:
    """x - zero as int32, which holds the difference of any two quantized integers."""
    whole = _whole(x)
    if zero is None:
        return whole
    if whole.constant is not None and zero.constant is not None:
        return Value(constant=whole.constant - zero.constant.astype(np.int32))
    return elementwise(tf.math.subtract, whole, _whole(zero))


def _whole(x: Value) -> Value:
    return Value(constant=x.constant.astype(np.int32)) if x.constant is not None else cast_to(x, tf.int32)


def spread(part: Value, x: Value, axis: int, block: int = 0) -> Value:
    """A scale or zero point so that it broadcasts to `x`: one for all, one for each place on an axis, or for blocks."""
    if part.rank == 0 or part.shape == (1,):
        return shaped(part, ())
    if part.rank == 1 and not block:
        return shaped(part, [-1 if place == x.axis(axis) else 1 for place in range(x.rank)])
    return _repeated(part, x, x.axis(axis), block) if block else part


def shaped(part: Value, shape: tuple[int, ...] | list[int]) -> Value:
    """The numbers in another shape."""
    if part.constant is not None:
        return Value(constant=part.constant.reshape(shape))
    return Value(tf.reshape(part.tensor, shape))


def _repeated(part: Value, x: Value, axis: int, block: int) -> Value:
    """Each entry for a block of places along the axis, the last of which may be cut off."""
    size = x.size(axis)
    if part.constant is not None and isinstance(size, int):
        return Value(constant=np.repeat(part.constant, block, axis).take(range(size), axis))
    inner = part if part.dtype.name not in ("int4", "uint4") else cast_to(part, tf.int32)
    sizes = [size if place == axis else -1 for place in range(x.rank)]
    return Value(tf.slice(tf.repeat(inner.tensor, block, axis), [0] * x.rank, as_shape(sizes)))

"""Tensors of one type as tensors of another, by ONNX's rules (the tables in the description of its Cast)."""

from __future__ import annotations

from mlconvert.errors import ConversionError
from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.values import Value

# TensorFlow 2.21 reads and writes these through integers alone.
_NIBBLES = {"int4": "int8", "uint4": "uint8"}
_FLOAT8 = ("float8_e4m3fn", "float8_e5m2")
# TensorFlow has a name for these, and no operation that reads or makes their values: no cast, bitcast or gather.
_INERT = ("int2", "uint2", "float4_e2m1fn", "float8_e4m3fnuz", "float8_e5m2fnuz")
# The types that TensorFlow parses numbers as.
_PARSED = ("float32", "float64", "int32", "int64")


def cast_to(x: Value, dtype: tf.DType, *, saturate: bool = True) -> Value:
    """To another type; sizes stay sizes. `saturate` tells what becomes of what is too large for a float of 8 bits.

    Raises ConversionError (`unsupported-dtype`) for the types that TensorFlow merely has a name for.
    """
    if x.dtype == dtype:
        return x
    if x.elements is not None and x.constant is None and dtype in (tf.int32, tf.int64):
        return Value(elements=x.elements, dtype=dtype)
    inert = [one.name for one in (x.dtype, dtype) if one.name in _INERT]
    if not inert:
        return x.map(lambda t: cast_tensor(t, dtype, saturate=saturate))
    if x.constant is None:
        raise ConversionError(f"TensorFlow has no operation on tensors of {inert[0]}", code="unsupported-dtype")
    return Value(constant=_cast_array(x.constant, dtype, saturate))


def cast_tensor(x: tf.Tensor, dtype: tf.DType, *, saturate: bool = True) -> tf.Tensor:
    """See `cast_to`."""
    if x.dtype == tf.string:
        return _parsed(x, dtype)
    if dtype == tf.string:
        return _written(x)
    if x.dtype.name in _NIBBLES:
        x = tf.cast(x, _NIBBLES[x.dtype.name])
    if dtype.name in _NIBBLES:
        # Through int32, as bits beyond the fourth are dropped and not saturated. ONNX does not say how floats are
        # rounded; ONNX Runtime takes C's roundf, the nearest and away from zero at halves.
        x = tf.sign(x) * tf.floor(tf.abs(x) + tf.cast(0.5, x.dtype)) if x.dtype.is_floating else x
        x = tf.cast(tf.cast(x, tf.int32), _NIBBLES[dtype.name])
    if dtype.name in _FLOAT8:
        x = x if x.dtype in (tf.float16, tf.bfloat16, tf.float32) else tf.cast(x, tf.float32)
        x = _saturated(x, float(tf.dtypes.as_dtype(dtype).max)) if saturate else x
    return tf.cast(x, dtype)


def _saturated(x: tf.Tensor, largest: float) -> tf.Tensor:
    """No larger than the type's largest number, infinities too; NaN stays NaN."""
    bound = tf.cast(largest, x.dtype)
    return tf.where(tf.math.is_nan(x), x, tf.minimum(tf.maximum(x, -bound), bound))


def _cast_array(array: np.ndarray, dtype: tf.DType, saturate: bool) -> np.ndarray:
    import onnx

    target = np.dtype(dtype.as_numpy_dtype)
    if array.dtype.name in _INERT or not saturate:
        return array.astype(np.float32).astype(target)
    found: np.ndarray = onnx.numpy_helper.saturate_cast(array.astype(np.float32), target)
    return found


def _parsed(x: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Numbers from texts: C's notation, with inf and nan in any case."""
    if dtype.name in _PARSED:
        return tf.strings.to_number(x, dtype)
    return tf.cast(tf.strings.to_number(x, tf.float32 if dtype.is_floating else tf.int64), dtype)


def _written(x: tf.Tensor) -> tf.Tensor:
    """Numbers as texts: floats as C's %g with the digits that ONNX Runtime takes, NaN and INF in its spelling."""
    if not x.dtype.is_floating:
        return tf.strings.as_string(tf.cast(x, tf.int8) if x.dtype == tf.bool else x)
    digits = 17 if x.dtype == tf.float64 else 8
    plain = tf.strings.as_string(
        x if x.dtype == tf.float64 else tf.cast(x, tf.float32), precision=digits, shortest=True
    )
    named = tf.where(tf.math.is_nan(x), "NaN", tf.where(x > 0, "INF", "-INF"))
    return tf.where(tf.math.is_finite(x), plain, named)

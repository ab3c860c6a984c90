"""Changes of type: by value, or of what the same bits mean."""

from __future__ import annotations

from mlconvert_plugins.tfgraph.casting import cast_to
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.tensors import dtype_of
from mlconvert_plugins.tfgraph.values import Value


# The rounding mode is for a type of powers of two alone, which TensorFlow does not have.
@op("Cast", since=(6, 9, 13, 19, 21, 23, 24, 25, 28), ignores=("round_mode",))
def cast(x: Value, *, to: int, saturate: int = 1) -> Value:
    """To another type."""
    return cast_to(x, dtype_of(to), saturate=bool(saturate))


@op("CastLike", since=(15, 19, 21, 23, 24, 25), ignores=("round_mode",))
def cast_like(x: Value, target: Value, *, saturate: int = 1) -> Value:
    """To the type of another tensor."""
    return cast_to(x, target.dtype, saturate=bool(saturate))


@op("BitCast", since=(26,))
def bit_cast(x: Value, *, to: int) -> Value:
    """The same bits as another type of the same width; a bool is a byte of 0 or 1."""
    dtype = dtype_of(to)
    return x.map(lambda t: _bits_as(_bits_as(t, tf.uint8) if t.dtype == tf.bool else t, dtype))


def _bits_as(x: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    return tf.cast(x, dtype) if tf.bool in (x.dtype, dtype) else tf.bitcast(x, dtype)

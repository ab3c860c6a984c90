"""Ops that make tensors of sizes, bounds or attributes."""

from __future__ import annotations

from collections.abc import Sequence

from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.ops.indexing import from_front
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.tensors import dtype_of
from mlconvert_plugins.tfgraph.values import Value, shape_of


@op("Constant", since=(1, 9, 11, 12, 13, 19, 21, 23, 24, 25))
def constant(
    *,
    value: np.ndarray | None = None,
    sparse_value: np.ndarray | None = None,
    value_float: float | None = None,
    value_floats: Sequence[float] | None = None,
    value_int: int | None = None,
    value_ints: Sequence[int] | None = None,
    value_string: str | None = None,
    value_strings: Sequence[str] | None = None,
) -> Value:
    """The one that is given."""
    for content, dtype in (
        (value, None),
        (sparse_value, None),
        (value_float, np.float32),
        (value_floats, np.float32),
        (value_int, np.int64),
        (value_ints, np.int64),
        (value_string, object),
        (value_strings, object),
    ):
        if content is not None:
            return Value(constant=np.asarray(content, dtype))
    raise ValueError("it has no value")


@op("ConstantOfShape", since=(9, 20, 21, 23, 24, 25))
def constant_of_shape(shape: Value, *, value: np.ndarray | None = None) -> Value:
    """One value everywhere."""
    content = np.zeros(1, np.float32) if value is None else value
    return Value.of(tf.fill(shape_of(shape), Value(constant=content.reshape(())).tensor))


@op("Range", since=(11,))
def range_11(start: Value, limit: Value, delta: Value) -> Value:
    """From `start` on in steps of `delta`, below (or above, where it falls) `limit`."""
    return _range(start, limit, delta, start.dtype if start.dtype.is_floating else tf.int64)


@op("Range", since=(27,))
def range_27(start: Value, limit: Value, delta: Value, *, stash_type: int = 1) -> Value:
    """Types of 16 bits are computed in the one that `stash_type` says."""
    narrow = start.dtype in (tf.float16, tf.bfloat16)
    return _range(start, limit, delta, dtype_of(stash_type)) if narrow else range_11(start, limit, delta)


def _range(start: Value, limit: Value, delta: Value, dtype: tf.DType) -> Value:
    """TensorFlow's own range refuses one that is empty because the limit lies behind the start."""
    first, last, step = (tf.cast(tf.reshape(value.tensor, []), dtype) for value in (start, limit, delta))
    if dtype.is_floating:
        # ONNX Runtime counts in float64; of a narrow type the intermediate one is ONNX's rule.
        counting = tf.float64 if dtype == start.dtype else dtype
        steps = tf.math.ceil(tf.cast(last - first, counting) / tf.cast(step, counting))
    else:
        steps = -((first - last) // step)
    places = tf.range(tf.maximum(tf.cast(steps, tf.int64), 0))
    return Value.of(tf.cast(first + tf.cast(places, dtype) * step, start.dtype))


@op("OneHot", since=(9, 11, 28))
def one_hot(indices: Value, depth: Value, values: Value, *, axis: int = -1) -> Value:
    """A new axis with the second of the values at the index, and the first elsewhere or for an index beyond it."""
    count = tf.reshape(tf.cast(depth.tensor, tf.int32), [])
    places = from_front(indices.map(lambda t: tf.cast(t, tf.int64)), count).tensor
    off, on = tf.unstack(values.tensor, 2)
    return Value.of(tf.one_hot(places, count, on, off, axis + indices.rank + 1 if axis < 0 else axis))


@op("EyeLike", since=(9, 22))
def eye_like(x: Value, *, dtype: int = 0, k: int = 0) -> Value:
    """1 on a diagonal of a matrix of this shape, 0 elsewhere."""
    return Value.of(tf.cast(tf.equal(diagonals(x), k), dtype_of(dtype) if dtype else x.dtype))


def diagonals(x: Value) -> tf.Tensor:
    """The number of the diagonal that each element of a matrix lies on; 0 is the main one, above it they grow."""
    rows, columns = (tf.range(tf.cast(x.size(axis), tf.int64)) for axis in (x.rank - 2, x.rank - 1))
    return columns[None] - rows[:, None]

"""Parts of tensors by index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlconvert_plugins.tfgraph import layouts
from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Size, Value, static_ints


@op("Gather", since=(1, 11, 13))
def gather(x: Value, indices: Value, *, axis: int = 0) -> Value:
    """Slices along one axis; a negative index counts from the end."""
    chosen = x.axis(axis)
    return Value.of(tf.gather(x.tensor, from_front(indices, x.size(chosen)).tensor, axis=chosen))


def from_front(indices: Value, size: Size) -> Value:
    """The indices with those that count from the end, as negative ones do, counted from the front."""
    if indices.constant is not None and isinstance(size, int):
        places = indices.constant.astype(np.int64)
        return Value(constant=np.where(places < 0, places + size, places).astype(np.int32))
    return indices.map(lambda t: tf.where(t < 0, t + tf.cast(size, t.dtype), t))


@op("GatherElements", since=(11, 13))
def gather_elements(x: Value, indices: Value, *, axis: int = 0) -> Value:
    """One element for each index, from the place that the index has, but for this axis."""
    chosen, rank = x.axis(axis), x.rank
    order = [*(other for other in range(rank) if other != chosen), chosen]
    places = from_front(indices, x.size(chosen)).transposed(order)
    data = _cut(x.transposed(order), places)
    found = tf.gather(data, places.tensor, batch_dims=rank - 1, axis=rank - 1)
    return Value.of(found).transposed(layouts.inverse(order))


def _cut(data: Value, places: Value) -> tf.Tensor:
    """The data without what lies beyond the indices, which may be fewer along all axes but the last."""
    pairs = list(zip(data.shape[:-1], places.shape[:-1], strict=True))
    if all(own == wanted and own is not None for own, wanted in pairs):
        return data.tensor
    return data.tensor[tuple(slice(places.size(axis)) for axis in range(len(pairs)))]


@op("GatherND", since=(11, 12, 13))
def gather_nd(x: Value, indices: Value, *, batch_dims: int = 0) -> Value:
    """Elements or slices by vectors of indices."""
    return Value.of(tf.gather_nd(x.tensor, vectors_from_front(x, indices, batch_dims), batch_dims=batch_dims))


def vectors_from_front(x: Value, indices: Value, batch_dims: int = 0) -> tf.Tensor:
    """`from_front` for vectors of indices of the axes from `batch_dims` on."""
    depth = tf.shape(indices.tensor)[-1] if indices.shape[-1] is None else indices.shape[-1]
    sizes = tf.cast(x.runtime_shape[batch_dims : batch_dims + depth], indices.dtype)
    return tf.where(indices.tensor < 0, indices.tensor + sizes, indices.tensor)


@op("Compress", since=(9, 11, 28))
def compress(x: Value, condition: Value, *, axis: int | None = None) -> Value:
    """Slices along one axis, or elements, for which the condition holds; it may be too short."""
    places = tf.reshape(tf.where(condition.tensor), [-1])
    if axis is None:
        return Value.of(tf.gather(tf.reshape(x.tensor, [-1]), places))
    return Value.of(tf.gather(x.tensor, places, axis=x.axis(axis)))


@op("NonZero", since=(9, 13))
def non_zero(x: Value) -> Value:
    """The indices of all elements but zeros, one column for each; a scalar's have no rows."""
    return Value.of(tf.transpose(tf.where(x.tensor)))


@op("Slice", since=(1,))
def slice_1(x: Value, *, axes: Sequence[int] | None = None, ends: Sequence[int], starts: Sequence[int]) -> Value:
    """Bounds by attribute."""
    return _sliced(x, starts, ends, axes or range(len(starts)), (1,) * len(starts))


@op("Slice", since=(10, 11, 13))
def slice_10(x: Value, starts: Value, ends: Value, axes: Value | None = None, steps: Value | None = None) -> Value:
    """Bounds by input."""
    count = starts.shape[0]
    if count is None or (axes is not None and axes.constant is None):
        return _sliced_anywhere(x, starts, ends, axes, steps)
    chosen = range(count) if axes is None else static_ints(axes, "axes")
    return _sliced(x, _entries(starts), _entries(ends), chosen, (1,) * count if steps is None else _entries(steps))


def _entries(value: Value) -> Sequence[Any]:
    elements = value.elements
    return list(elements) if elements is not None else tf.unstack(value.tensor)


def _sliced(x: Value, starts: Sequence[Any], ends: Sequence[Any], axes: Sequence[int], steps: Sequence[Any]) -> Value:
    """numpy's slices, which TensorFlow reads as ONNX does."""
    picks = [slice(None)] * x.rank
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        picks[x.place(axis)] = _bounds(x.shape[axis], start, end, step)
    found = x.laid(x.layout)[tuple(picks)]
    # Of steps that it does not know TensorFlow infers not even the number of axes.
    return x.like(found if found.shape.rank is not None else tf.ensure_shape(found, [None] * x.rank))


def _bounds(size: int | None, start: Any, end: Any, step: Any) -> slice:
    if all(isinstance(one, int) for one in (start, end, step)):
        return _known(size, int(start), int(end), int(step))
    return slice(*(tf.cast(one, tf.int64) for one in (start, end, step)))


def _known(size: int | None, start: int, end: int, step: int) -> slice:
    """Bounds that TensorFlow takes in 32 bits."""
    if size is not None:
        first, last, _ = slice(start, end, step).indices(size)
        return slice(first, None if last < 0 else last, step)
    limit = 2**31 - 1
    low, high = max(start, -limit), min(end, limit)
    open_end = end >= limit if step > 0 else end <= -limit
    return slice(min(low, limit), None if open_end else max(high, -limit), step)


def _sliced_anywhere(x: Value, starts: Value, ends: Value, axes: Value | None, steps: Value | None) -> Value:
    """The slice whose axes only the run can tell: every axis gets bounds, which may leave all of it."""
    count = tf.size(starts.tensor)
    chosen = tf.range(count, dtype=tf.int64) if axes is None else from_front(axes, x.rank).tensor
    step = tf.ones([count], tf.int64) if steps is None else tf.cast(steps.tensor, tf.int64)
    kept = [tf.zeros([x.rank], tf.int64), x.runtime_shape, tf.ones([x.rank], tf.int64)]
    given = [tf.cast(starts.tensor, tf.int64), tf.cast(ends.tensor, tf.int64), step]
    first, last, every = (
        tf.unstack(tf.tensor_scatter_nd_update(whole, chosen[:, None], some), x.rank)
        for whole, some in zip(kept, given, strict=True)
    )
    return _sliced(Value(x.tensor), first, last, range(x.rank), every)

"""Parts of tensors by index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value, static_ints


@op("Gather", since=(1, 11, 13))
def gather(x: Value, indices: Value, *, axis: int = 0) -> Value:
    """Slices along one axis; a negative index counts from the end."""
    chosen = axis + x.rank if axis < 0 else axis
    if indices.constant is not None and x.shape[chosen] is not None:
        wrapped = np.where(indices.constant < 0, indices.constant + x.shape[chosen], indices.constant)
        places = Value(constant=wrapped.astype(np.int32)).tensor
    else:
        size = tf.cast(x.size(chosen), indices.dtype)
        places = tf.where(indices.tensor < 0, indices.tensor + size, indices.tensor)
    return Value.of(tf.gather(x.tensor, places, axis=chosen))


@op("Slice", since=(1,))
def slice_1(x: Value, *, axes: Sequence[int] | None = None, ends: Sequence[int], starts: Sequence[int]) -> Value:
    """Bounds by attribute."""
    return _sliced(x, starts, ends, axes or range(len(starts)), (1,) * len(starts))


@op("Slice", since=(10, 11, 13))
def slice_10(x: Value, starts: Value, ends: Value, axes: Value | None = None, steps: Value | None = None) -> Value:
    """Bounds by input."""
    count = starts.shape[0] or 0
    chosen = range(count) if axes is None else static_ints(axes, "axes")
    return _sliced(x, _entries(starts), _entries(ends), chosen, (1,) * count if steps is None else _entries(steps))


def _entries(value: Value) -> Sequence[Any]:
    elements = value.elements
    return list(elements) if elements is not None else tf.unstack(value.tensor)


def _sliced(x: Value, starts: Sequence[Any], ends: Sequence[Any], axes: Sequence[int], steps: Sequence[Any]) -> Value:
    """numpy's slices, except that a bound below the first element is the first, also after it counted from the end."""
    picks = [slice(None)] * x.rank
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        picks[x.place(axis)] = _bounds(x, x.axis(axis), start, end, step)
    return x.like(x.laid(x.layout)[tuple(picks)])


def _bounds(x: Value, axis: int, start: Any, end: Any, step: Any) -> slice:
    if all(isinstance(one, int) for one in (start, end, step)):
        return _known(x.shape[axis], int(start), int(end), int(step))
    size = tf.cast(x.size(axis), tf.int64)
    start, end, step = (tf.cast(one, tf.int64) for one in (start, end, step))
    wrapped = [tf.where(one < 0, one + size, one) for one in (start, end)]
    forward = step > 0
    first = tf.where(forward, tf.clip_by_value(wrapped[0], 0, size), tf.clip_by_value(wrapped[0], 0, size - 1))
    last = tf.where(forward, tf.clip_by_value(wrapped[1], 0, size), tf.clip_by_value(wrapped[1], -1, size - 1))
    # A last place of -1 would count from the end: so far below the first that it cannot.
    last = tf.where(last < 0, -size - 1, last)
    return slice(first, last, step)


def _known(size: int | None, start: int, end: int, step: int) -> slice:
    """Bounds that TensorFlow, which reads them as numpy does, takes in 32 bits."""
    if size is not None:
        first, last, _ = slice(start, end, step).indices(size)
        return slice(first, None if last < 0 else last, step)
    limit = 2**31 - 1
    low, high = max(start, -limit), min(end, limit)
    open_end = end >= limit if step > 0 else end <= -limit
    return slice(min(low, limit), None if open_end else max(high, -limit), step)

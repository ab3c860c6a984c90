"""Pads and crops at the ends of axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.ops.indexing import from_front
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Size, Value, as_shape, static_ints

# What to add before and behind an axis; a negative number cuts off.
Pair = tuple[Size, Size]
_OLD_MODES = ("constant", "reflect", "edge")


@op("Pad", since=(2,), only={"mode": _OLD_MODES})
def pad_2(x: Value, *, pads: Sequence[int], mode: str = "constant", value: float = 0.0) -> Value:
    """Pads by attribute."""
    return _padded(x, list(zip(pads[: x.rank], pads[x.rank :], strict=True)), mode, tf.cast(value, x.dtype))


@op("Pad", since=(11, 13, 18), only={"mode": _OLD_MODES})
@op("Pad", since=(19, 21, 23, 24, 25), only={"mode": (*_OLD_MODES, "wrap")})
def pad(
    x: Value, pads: Value, value: Value | None = None, axes: Value | None = None, *, mode: str = "constant"
) -> Value:
    """Pads by input, for all axes or some: before each of them, then behind each of them."""
    content = tf.zeros([], x.dtype) if value is None else tf.reshape(value.tensor, [])
    return _padded(x, _pairs(x.rank, pads, axes), mode, content)


@op("CenterCropPad", since=(18,))
def center_crop_pad(x: Value, shape: Value, *, axes: Sequence[int] | None = None) -> Value:
    """To these sizes, half of what is missing or too much on either side; an odd one behind, or cut off behind."""
    chosen = list(range(x.rank)) if axes is None else [x.axis(axis) for axis in axes]
    pairs: list[Pair] = [(0, 0)] * x.rank
    for axis, wanted in zip(chosen, _entries(shape, len(chosen)), strict=True):
        missing = wanted - _like(x.size(axis), wanted)
        half = int(missing / 2) if isinstance(missing, int) else tf.truncatediv(missing, tf.constant(2, missing.dtype))
        pairs[axis] = (half, missing - half)
    return _padded(x, pairs, "constant", tf.zeros([], x.dtype))


def _like(size: Size, other: Size) -> Size:
    return size if isinstance(size, int) or isinstance(other, int) else tf.cast(size, other.dtype)


def _pairs(rank: int, pads: Value, axes: Value | None) -> list[Pair]:
    if axes is None:
        found = _entries(pads, 2 * rank)
        return list(zip(found[:rank], found[rank:], strict=True))
    if axes.constant is None:
        return _pairs_anywhere(rank, pads, axes)
    chosen = [axis + rank if axis < 0 else axis for axis in static_ints(axes, "axes")]
    found = _entries(pads, 2 * len(chosen))
    pairs = dict(zip(chosen, zip(found[: len(chosen)], found[len(chosen) :], strict=True), strict=True))
    return [pairs.get(axis, (0, 0)) for axis in range(rank)]


def _pairs_anywhere(rank: int, pads: Value, axes: Value) -> list[Pair]:
    """The pads of all axes, where only the run can tell which are given."""
    rows = tf.transpose(tf.reshape(tf.cast(pads.tensor, tf.int64), [2, -1]))
    table = tf.tensor_scatter_nd_update(tf.zeros([rank, 2], tf.int64), from_front(axes, rank).tensor[:, None], rows)
    return [(table[axis, 0], table[axis, 1]) for axis in range(rank)]


def _entries(value: Value, count: int) -> list[Size]:
    elements = value.elements
    return list(elements) if elements is not None else tf.unstack(tf.cast(value.tensor, tf.int64), count)


def _padded(x: Value, pairs: Sequence[Pair], mode: str, content: tf.Tensor) -> Value:
    """Cut off what is too much, then add, in whatever order the axes lie."""
    order = x.layout or range(x.rank)
    tensor = _cropped(x.laid(x.layout), [pairs[axis] for axis in order])
    added = [(_positive(pairs[axis][0]), _positive(pairs[axis][1])) for axis in order]
    if all(pair == (0, 0) for pair in map(_known, added)):
        return x.like(tensor)
    if mode == "constant":
        return x.like(tf.pad(tensor, _matrix(added), constant_values=content))
    if mode == "reflect" and all(_mirrors(*pair) for pair in zip(tensor.shape, added, strict=True)):
        return x.like(tf.pad(tensor, _matrix(added), mode="REFLECT"))
    for place, pair in enumerate(added):
        if _known(pair) != (0, 0):
            tensor = tf.gather(tensor, _sources(tensor, place, pair, mode), axis=place)
    return x.like(tensor)


def _matrix(pairs: Sequence[Pair]) -> tf.Tensor:
    return tf.reshape(as_shape([size for pair in pairs for size in pair]), [-1, 2])


def _cropped(tensor: tf.Tensor, pairs: Sequence[Pair]) -> tf.Tensor:
    picks = []
    for place, (before, behind) in enumerate(pairs):
        size = tensor.shape[place]
        first = _positive(-before)
        if isinstance(behind, int):
            last: Any = None if behind >= 0 else behind if size is None else size + behind
        else:
            last = tf.shape(tensor, out_type=tf.int64)[place] + tf.minimum(tf.cast(behind, tf.int64), 0)
        picks.append(slice(None) if _known((first, last)) == (0, None) else slice(first, last))
    return tensor if all(pick == slice(None) for pick in picks) else tensor[tuple(picks)]


def _positive(size: Size) -> Size:
    return max(size, 0) if isinstance(size, int) else tf.maximum(tf.cast(size, tf.int64), 0)


def _known(pair: tuple[Any, Any]) -> tuple[Any, Any] | None:
    """The pair itself, unless a tensor is in it, of which Python cannot ask whether it equals a number."""
    return pair if all(one is None or isinstance(one, int) for one in pair) else None


def _mirrors(size: int | None, pair: Pair) -> bool:
    """Whether TensorFlow's own mirror does: it takes no pad as large as the axis."""
    return all(isinstance(one, int) and (one == 0 or size is None or one < size) for one in pair)


def _sources(tensor: tf.Tensor, place: int, pair: Pair, mode: str) -> tf.Tensor:
    """The index that each element of a padded axis is a copy of; a mirror and a round begin anew at each end."""
    size = tf.shape(tensor, out_type=tf.int64)[place]
    before, behind = (tf.cast(one, tf.int64) for one in pair)
    places = tf.range(-before, size + behind)
    if mode == "edge":
        return tf.clip_by_value(places, 0, size - 1)
    if mode == "wrap":
        return places % size
    period = tf.maximum(2 * (size - 1), 1)
    return tf.minimum(places % period, period - places % period)

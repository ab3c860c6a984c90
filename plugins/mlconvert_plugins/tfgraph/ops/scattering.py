"""Tensors in which elements or slices are replaced, or joined with others, by index."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence

from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.ops.indexing import from_front, vectors_from_front
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Size, Value, as_shape

_REDUCTIONS = ("none", "add", "mul", "max", "min")


@op("Scatter", since=(9, 11))
@op("ScatterElements", since=(11, 13, 16, 18), only={"reduction": _REDUCTIONS})
def scatter_elements(x: Value, indices: Value, updates: Value, *, axis: int = 0, reduction: str = "none") -> Value:
    """Each update goes to the place that it has itself, but for the index along this axis."""
    strides = _strides(x.sizes)
    chosen = x.axis(axis)
    places = tf.cast(from_front(indices, x.size(chosen)).tensor, tf.int64) * strides[chosen]
    for other in set(range(x.rank)) - {chosen}:
        along = tf.range(tf.cast(indices.size(other), tf.int64)) * strides[other]
        places += tf.reshape(along, [-1, *(1,) * (x.rank - 1 - other)])
    return _scattered(x, places, updates, [], reduction)


@op("ScatterND", since=(11, 13, 16, 18), only={"reduction": _REDUCTIONS})
def scatter_nd(x: Value, indices: Value, updates: Value, *, reduction: str = "none") -> Value:
    """Each update, an element or a slice, goes where its vector of indices says."""
    depth = indices.shape[-1]
    if depth is None:
        raise ValueError("how many axes the indices have is known only at run time")
    strides = tf.cast(as_shape(_strides(x.sizes[:depth])), tf.int64)
    places = tf.reduce_sum(tf.cast(vectors_from_front(x, indices), tf.int64) * strides, -1)
    return _scattered(x, places, updates, x.sizes[depth:], reduction)


@op("TensorScatter", since=(24,), only={"mode": ("linear", "circular")})
def tensor_scatter(
    cache: Value, update: Value, write_indices: Value | None = None, *, axis: int = -2, mode: str = "linear"
) -> Value:
    """A cache of keys or values, with new ones along `axis` from the place on that each sample of the batch has."""
    chosen = cache.axis(axis)
    length, new = (tf.cast(value.size(chosen), tf.int64) for value in (cache, update))
    each = tf.cast(_product(cache.sizes[1:chosen]), tf.int64)
    rows = tf.cast(cache.size(0), tf.int64) * each
    places = tf.range(new)[None]
    if write_indices is not None:
        places += tf.repeat(tf.cast(write_indices.tensor, tf.int64), each)[:, None]
    if mode == "circular":
        places %= length
    places += tf.range(rows)[:, None] * length
    return _scattered(cache, places, update, cache.sizes[chosen + 1 :], "none")


def _scattered(x: Value, places: tf.Tensor, updates: Value, inner: Sequence[Size], reduction: str) -> Value:
    """Updates go to, or are joined with, the rows at `places`; a row has `inner` sizes."""
    rows, new = (tf.reshape(value.tensor, as_shape([-1, *inner])) for value in (x, updates))
    places = tf.reshape(places, [-1])
    if reduction == "mul":
        found = rows * tf.math.unsorted_segment_prod(new, places, tf.shape(rows)[0])
    else:
        function = {
            "none": tf.tensor_scatter_nd_update,
            "add": tf.tensor_scatter_nd_add,
            "max": tf.tensor_scatter_nd_max,
            "min": tf.tensor_scatter_nd_min,
        }[reduction]
        found = function(rows, places[:, None], new)
    return Value.of(tf.reshape(found, as_shape(x.sizes)))


def _strides(sizes: Sequence[Size]) -> list[Size]:
    """How many elements lie between neighbours along each axis."""
    return list(itertools.accumulate([1, *sizes[:0:-1]], operator.mul))[::-1]


def _product(sizes: Sequence[Size]) -> Size:
    return _strides([1, *sizes])[0]

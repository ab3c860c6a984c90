"""Ops that repeat what a tensor holds, along axes that it has or gets."""

from __future__ import annotations

from collections.abc import Sequence

from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Size, Value, as_shape, shape_of


@op("Expand", since=(8, 13))
def expand(x: Value, shape: Value) -> Value:
    """Stretched to a shape, and where the shape has 1 to the tensor's own."""
    wanted = _entries(shape)
    if wanted is None:
        both = tf.broadcast_dynamic_shape(tf.cast(shape.tensor, tf.int64), x.runtime_shape)
        return Value(tf.broadcast_to(x.tensor, both))
    rank = max(len(wanted), x.rank)
    pairs = zip(_filled(x.sizes, rank), _filled(wanted, rank), strict=True)
    return Value.of(tf.broadcast_to(x.tensor, _vector([_stretched(*pair) for pair in pairs])))


def _entries(shape: Value) -> list[Size] | None:
    """The sizes one by one; None where only the run can tell how many there are."""
    if shape.elements is not None:
        return list(shape.elements)
    return None if shape.shape[0] is None else tf.unstack(tf.cast(shape.tensor, tf.int64))


def _filled(sizes: Sequence[Size], rank: int) -> list[Size]:
    return [*[1] * (rank - len(sizes)), *sizes]


def _stretched(own: Size, wanted: Size) -> Size:
    """The size that both are stretched to."""
    for one, other in ((own, wanted), (wanted, own)):
        if isinstance(one, int):
            return other if one == 1 else one
    own, wanted = tf.cast(own, tf.int64), tf.cast(wanted, tf.int64)
    return tf.where(tf.equal(own, 1), wanted, own)


def _vector(sizes: Sequence[Size]) -> tf.Tensor:
    return tf.cast(as_shape(sizes), tf.int64)


@op("Tile", since=(6, 13))
def tile(x: Value, repeats: Value) -> Value:
    """So many times along each axis."""
    return Value.of(tf.tile(x.tensor, tf.cast(shape_of(repeats), tf.int64)))

"""Reading images between their pixels, at positions that the run computes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlconvert_plugins.tfgraph.interpolation import cubic
from mlconvert_plugins.tfgraph.lazy import tf

PADDINGS = ("zeros", "border", "reflection")


def sampled(image: tf.Tensor, positions: tf.Tensor, mode: str, padding: str, align_corners: bool) -> tf.Tensor:
    """The channels-last `image` [batch, spatial..., channels] at `positions` [batch, points, spatial axes], in pixels.

    `mode` is nearest, linear or cubic; `padding` says what lies outside (see ONNX's GridSample). The result is
    [batch, points, channels].
    """
    rank = positions.shape[-1]
    sizes = tf.shape(image)[1 : rank + 1]
    if mode == "nearest":
        return _pixels(image, _inside(tf.round(positions), sizes, padding, align_corners), sizes)
    if mode == "linear" and padding != "zeros":
        positions = _inside(positions, sizes, padding, align_corners)
    return tf.add_n(list(weighted(image, positions, mode, padding, align_corners)))


def weighted(
    image: tf.Tensor, positions: tf.Tensor, mode: str, padding: str, align_corners: bool
) -> Iterator[tf.Tensor]:
    """The summands of a linear or cubic interpolation: the pixels around each position by their weights."""
    rank = positions.shape[-1]
    sizes = tf.shape(image)[1 : rank + 1]
    base = tf.floor(positions)
    for corner in _corners((0, 1) if mode == "linear" else (-1, 0, 1, 2), rank):
        places = base + tf.constant(corner, positions.dtype)
        distance = tf.abs(positions - places)
        weights = 1 - distance if mode == "linear" else cubic(distance, -0.75)
        pixels = _pixels(image, _inside(places, sizes, padding, align_corners), sizes)
        yield pixels * tf.reduce_prod(weights, -1, keepdims=True)


def _corners(offsets: tuple[int, ...], rank: int) -> list[tuple[int, ...]]:
    corners: list[tuple[int, ...]] = [()]
    for _ in range(rank):
        corners = [(*corner, offset) for corner in corners for offset in offsets]
    return corners


def _inside(positions: tf.Tensor, sizes: tf.Tensor, padding: str, align_corners: bool) -> tf.Tensor:
    """Positions moved into the image, unless what lies outside is zero."""
    if padding == "zeros":
        return positions
    last = tf.cast(sizes - 1, positions.dtype)
    if padding == "reflection":
        edge = 0.0 if align_corners else 0.5
        span = last + 2 * edge
        turned = tf.math.floormod(positions + edge, tf.maximum(2 * span, 1e-30))
        positions = tf.where(span > 0, tf.minimum(turned, 2 * span - turned) - edge, tf.zeros_like(positions))
    return tf.clip_by_value(positions, 0.0, last)


def _pixels(image: tf.Tensor, places: tf.Tensor, sizes: tf.Tensor) -> tf.Tensor:
    """The pixels at whole positions, zeros outside."""
    last = tf.cast(sizes - 1, places.dtype)
    clipped = tf.clip_by_value(places, tf.zeros_like(last), last)
    found = tf.gather_nd(image, tf.cast(clipped, tf.int64), batch_dims=1)
    inside = tf.reduce_all(tf.equal(places, clipped), -1, keepdims=True)
    return tf.where(inside, found, tf.zeros_like(found))


def flattened(positions: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """Positions [batch, ..., axes] as [batch, points, axes], and the sizes in between."""
    shape = tf.shape(positions)
    flat = tf.reshape(positions, tf.stack([shape[0], tf.reduce_prod(shape[1:-1]), positions.shape[-1]]))
    return flat, shape[1:-1]

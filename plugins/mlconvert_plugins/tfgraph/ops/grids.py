"""Images read at positions that other parts of a network compute."""

from __future__ import annotations

from collections.abc import Sequence

from mlconvert_plugins.tfgraph.layouts import channels_last
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.sampling import PADDINGS, flattened, sampled
from mlconvert_plugins.tfgraph.values import Value
from mlconvert_plugins.tfgraph.windows import Window, kernel_of

_MODES = {"bilinear": "linear", "bicubic": "cubic"}


@op("GridSample", since=(16, 20, 22), only={"padding_mode": PADDINGS, "mode": ("nearest", *_MODES, *_MODES.values())})
def grid_sample(
    x: Value, grid: Value, *, align_corners: int = 0, mode: str = "linear", padding_mode: str = "zeros"
) -> Value:
    """At positions from -1 to 1 along each axis, of which the last axis of the image comes first."""
    layout = channels_last(x.rank)
    wide = tf.float64 if tf.float64 in (x.dtype, grid.dtype) else tf.float32
    image = tf.cast(x.laid(layout), wide)
    points, between = flattened(tf.ensure_shape(tf.cast(grid.tensor, wide), [*grid.shape[:-1], x.rank - 2]))
    sizes = tf.cast(tf.shape(image)[1:-1], wide)
    points = tf.reverse(points, [-1])
    pixels = (points + 1) / 2 * (sizes - 1) if align_corners else ((points + 1) * sizes - 1) / 2
    found = sampled(image, pixels, _MODES.get(mode, mode), padding_mode, bool(align_corners))
    shaped = tf.reshape(found, tf.concat([tf.shape(found)[:1], between, tf.shape(found)[2:]], 0))
    shaped.set_shape([x.shape[0], *grid.shape[1:-1], x.shape[1]])
    return Value(tf.cast(shaped, x.dtype), layout)


@op("AffineGrid", since=(20,))
def affine_grid(theta: Value, size: Value, *, node: Node, align_corners: int = 0) -> Value:
    """Where the points of a grid of `size` [batch, channels, spatial...] come to lie: the last axis is x, y(, z)."""
    if theta.shape[1] is None:
        raise node.refusal("whether it is of two or three dimensions is known only at run time")
    rank = theta.shape[1]
    sizes = tf.unstack(tf.cast(size.tensor, tf.int32)[2:], rank)
    lines = [_line(one, theta.dtype, bool(align_corners)) for one in sizes]
    points = tf.meshgrid(*lines, indexing="ij")[::-1]
    places = tf.reshape(tf.stack([*points, tf.ones_like(points[0])], -1), [-1, rank + 1])
    found = tf.reshape(tf.matmul(places, theta.tensor, transpose_b=True), tf.stack([-1, *sizes, rank]))
    return Value.of(found)


def _line(size: tf.Tensor, dtype: tf.DType, align_corners: bool) -> tf.Tensor:
    """From -1 to 1: from the first pixel's centre to the last one's, or from edge to edge."""
    steps, count = tf.cast(tf.range(size), dtype), tf.cast(size, dtype)
    return 2 * tf.math.divide_no_nan(steps, count - 1) - 1 if align_corners else (2 * steps + 1) / count - 1


@op("DeformConv", since=(19, 22))
def deform_conv(
    x: Value,
    w: Value,
    offset: Value,
    b: Value | None = None,
    mask: Value | None = None,
    *,
    dilations: Sequence[int] = (),
    group: int = 1,
    kernel_shape: Sequence[int] = (),
    offset_group: int = 1,
    pads: Sequence[int] = (),
    strides: Sequence[int] = (),
) -> Value:
    """A convolution whose every tap is moved by an offset of its own (Dai et al. 2017), and scaled by a mask."""
    rank = x.rank - 2
    kernel = kernel_of(w, kernel_shape)
    window = Window.of(kernel, strides, dilations, "NOTSET", pads)
    taps = tf.reduce_prod(kernel)
    out = tf.shape(offset.tensor)[2:]
    batch = tf.shape(x.tensor)[0]
    moved = tf.reshape(offset.tensor, tf.concat([[batch * offset_group, taps, rank], out], 0))
    moved = tf.transpose(moved, [0, 1, *range(3, rank + 3), 2]) + _grid(window, out, x.dtype)
    points, _ = flattened(moved)
    channels = tf.shape(x.tensor)[1] // offset_group
    images = tf.reshape(x.tensor, tf.concat([[batch * offset_group, channels], tf.shape(x.tensor)[2:]], 0))
    found = sampled(tf.transpose(images, [0, *range(2, rank + 2), 1]), points, "linear", "zeros", True)
    places = tf.reduce_prod(out)
    if mask is not None:
        found *= tf.reshape(mask.tensor, tf.stack([batch * offset_group, taps * places, 1]))
    # [batch, channels, taps, places], to be multiplied with [out, channels / group, taps] of each group.
    columns = tf.reshape(found, tf.stack([batch, offset_group, taps, places, channels]))
    columns = tf.transpose(columns, [0, 1, 4, 2, 3])
    columns = tf.reshape(columns, tf.stack([batch, group, -1, places]))
    filters = tf.reshape(w.tensor, tf.stack([group, tf.shape(w.tensor)[0] // group, -1]))
    result = tf.reshape(tf.matmul(filters, columns), tf.concat([[batch, tf.shape(w.tensor)[0]], out], 0))
    result.set_shape([x.shape[0], w.shape[0], *offset.shape[2:]])
    if b is not None:
        result += tf.reshape(b.tensor, [-1, *(1,) * rank])
    return Value.of(result)


def _grid(window: Window, out: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Where each tap lies for each place of the result: [taps, out..., spatial axes]."""
    rank = len(window.kernel)
    first = [tf.range(out[axis]) * window.strides[axis] - window.pads[axis] for axis in range(rank)]
    reach = [tf.range(window.kernel[axis]) * window.dilations[axis] for axis in range(rank)]
    places = tf.stack(tf.meshgrid(*first, indexing="ij"), -1)
    taps = tf.reshape(tf.stack(tf.meshgrid(*reach, indexing="ij"), -1), [-1, *(1,) * rank, rank])
    return tf.cast(places[None] + taps, dtype)

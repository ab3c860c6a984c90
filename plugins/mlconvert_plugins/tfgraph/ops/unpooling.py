"""What windows have seen, written back to where it came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value, as_shape
from mlconvert_plugins.tfgraph.windows import Window


@op("MaxUnpool", since=(9, 11, 22))
def max_unpool(
    x: Value,
    indices: Value,
    shape: Value | None = None,
    *,
    kernel_shape: Sequence[int],
    pads: Sequence[int] = (),
    strides: Sequence[int] = (),
) -> Value:
    """Each number to its index in the tensor that was pooled, zeros elsewhere and up to the shape that is wanted."""
    window = Window.of(kernel_shape, strides, (), "NOTSET", pads)
    spatial = [
        (x.size(axis + 2) - 1) * window.strides[axis] + window.kernel[axis] - sum(window.padding(x)[axis])
        for axis in range(x.rank - 2)
    ]
    sizes = as_shape([x.size(0), x.size(1), *spatial])
    count = tf.reduce_prod(tf.cast(sizes, tf.int64))
    # The last of several numbers with one index stays, which scattering by assignment does in order.
    flat = tf.tensor_scatter_nd_update(
        tf.zeros([count], x.dtype), tf.reshape(indices.tensor, [-1, 1]), tf.reshape(x.tensor, [-1])
    )
    found = tf.reshape(flat, sizes)
    if shape is None:
        return Value.of(found)
    missing = tf.cast(shape.tensor, tf.int64) - tf.cast(sizes, tf.int64)
    return Value.of(tf.pad(found, tf.stack([tf.zeros_like(missing), missing], -1)))


@op("Col2Im", since=(18,))
def col2im(
    x: Value,
    image: Value,
    block: Value,
    *,
    dilations: Sequence[int] = (),
    pads: Sequence[int] = (),
    strides: Sequence[int] = (),
) -> Value:
    """Blocks [batch, channels * block, blocks] summed up where they overlap: [batch, channels, image...]."""
    rank = image.shape[0] or 0
    window = Window.of((0,) * rank, strides, dilations, "NOTSET", pads)
    sizes = tf.unstack(tf.cast(image.tensor, tf.int32), rank)
    kernel = tf.unstack(tf.cast(block.tensor, tf.int32), rank)
    places, inside = tf.zeros([1, 1], tf.int32), tf.ones([1, 1], tf.bool)
    for axis in range(rank):
        found = _places(window, axis, sizes[axis], kernel[axis])
        places = _crossed(places * sizes[axis], found, tf.add)
        inside = _crossed(inside, (found >= 0) & (found < sizes[axis]), tf.logical_and)
    taps, blocks = tf.unstack(tf.shape(places), 2)
    batch, channels = tf.shape(x.tensor)[0], tf.shape(x.tensor)[1] // taps
    columns = tf.reshape(x.tensor, [batch * channels, taps, blocks])
    rows = tf.reshape(tf.transpose(columns, [1, 2, 0]), [taps * blocks, -1])
    total = tf.reduce_prod(tf.cast(image.tensor, tf.int32))
    # What lies in the padding goes to one more row, which is cut off.
    targets = tf.reshape(tf.where(inside, places, total), [-1, 1])
    summed = tf.scatter_nd(targets, rows, tf.stack([total + 1, batch * channels]))[:-1]
    return Value.of(tf.reshape(tf.transpose(summed), tf.stack([batch, channels, *sizes])))


def _places(window: Window, axis: int, size: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Where each tap of each block lies along an axis: int32 [taps, blocks]."""
    stride, spread = window.strides[axis], window.dilations[axis]
    before, after = window.pads[axis], window.pads[axis + len(window.pads) // 2]
    blocks = (size + before + after - (kernel - 1) * spread - 1) // stride + 1
    return tf.range(kernel)[:, None] * spread + tf.range(blocks) * stride - before


def _crossed(one: tf.Tensor, other: tf.Tensor, function: Callable[..., Any]) -> tf.Tensor:
    """The function of every pair of taps and every pair of blocks: [taps * taps, blocks * blocks]."""
    crossed = function(one[:, None, :, None], other[None, :, None, :])
    return tf.reshape(crossed, tf.stack([tf.shape(one)[0] * tf.shape(other)[0], -1]))

"""Ops that put elements elsewhere, or clear them, by their place alone."""

from __future__ import annotations

from mlconvert_plugins.tfgraph import layouts
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.ops.creation import diagonals
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value, in_layout, reshaped

_ORDERS = {"mode": ("DCR", "CRD")}


@op("DepthToSpace", since=(1, 11, 13, 28), only=_ORDERS)
def depth_to_space(x: Value, *, blocksize: int, mode: str = "DCR") -> Value:
    """Channels become blocks of pixels; `mode` says whether their number or the place in a block comes first."""
    layout = layouts.channels_last(4)
    batch, channels, height, width = x.sizes
    left = channels // blocksize**2
    split = [left, blocksize, blocksize] if mode == "CRD" else [blocksize, blocksize, left]
    blocks = reshaped(x.laid(layout), [batch, height, width, *split])
    moved = tf.transpose(blocks, (0, 1, 4, 2, 5, 3) if mode == "CRD" else (0, 1, 3, 2, 4, 5))
    return in_layout(reshaped(moved, [batch, height * blocksize, width * blocksize, left]), layout)


@op("SpaceToDepth", since=(1, 13, 28), only=_ORDERS)
def space_to_depth(x: Value, *, blocksize: int, mode: str = "DCR") -> Value:
    """Blocks of pixels become channels; see `depth_to_space`."""
    layout = layouts.channels_last(4)
    batch, channels, height, width = x.sizes
    rows, columns = height // blocksize, width // blocksize
    blocks = reshaped(x.laid(layout), [batch, rows, blocksize, columns, blocksize, channels])
    moved = tf.transpose(blocks, (0, 1, 3, 5, 2, 4) if mode == "CRD" else (0, 1, 3, 2, 4, 5))
    return in_layout(reshaped(moved, [batch, rows, columns, channels * blocksize**2]), layout)


@op("ReverseSequence", since=(10, 28))
def reverse_sequence(x: Value, lengths: Value, *, batch_axis: int = 1, time_axis: int = 0) -> Value:
    """The first so many elements of each sequence, turned round."""
    return Value.of(tf.reverse_sequence(x.tensor, lengths.tensor, x.axis(time_axis), x.axis(batch_axis)))


@op("Trilu", since=(14,))
def trilu(x: Value, k: Value | None = None, *, upper: int = 1) -> Value:
    """Zeros below, or above, a diagonal."""
    first = tf.zeros([], tf.int64) if k is None else tf.reshape(k.tensor, [])
    numbers = diagonals(x)
    kept = numbers >= first if upper else numbers <= first
    return Value.of(tf.where(kept, x.tensor, tf.zeros([], x.dtype)))

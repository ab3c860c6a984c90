"""Normalizations of channels, alone or in groups, by statistics of the tensor itself."""

from __future__ import annotations

from mlconvert_plugins.tfgraph.kernels import WIDE_FLOATS, mapped
from mlconvert_plugins.tfgraph.layouts import channels_last
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value, as_shape


@op("InstanceNormalization", since=(1, 6, 22), ignores=("consumed_inputs",))
def instance_normalization(x: Value, scale: Value, bias: Value, *, epsilon: float = 1e-5) -> Value:
    """Each channel of each image by its own mean and variance (Ulyanov et al. 2016)."""
    layout = channels_last(x.rank)
    wide = _wide(x.laid(layout))
    found = _normalized(wide, list(range(1, x.rank - 1)) if layout else [], epsilon)
    found = found * tf.cast(scale.tensor, wide.dtype) + tf.cast(bias.tensor, wide.dtype)
    return Value(tf.cast(found, x.dtype), layout)


@op("GroupNormalization", since=(18,))
def group_normalization_18(x: Value, scale: Value, bias: Value, *, num_groups: int, epsilon: float = 1e-5) -> Value:
    """A factor and a summand for each group."""
    return _grouped(x, scale, bias, num_groups, epsilon, per_group=True)


@op("GroupNormalization", since=(21,), ignores=("stash_type",))
def group_normalization(x: Value, scale: Value, bias: Value, *, num_groups: int, epsilon: float = 1e-5) -> Value:
    """A factor and a summand for each channel."""
    return _grouped(x, scale, bias, num_groups, epsilon, per_group=False)


def _grouped(x: Value, scale: Value, bias: Value, groups: int, epsilon: float, *, per_group: bool) -> Value:
    """The channels of a group share their mean and variance (Wu and He 2018)."""
    layout = channels_last(x.rank)
    tensor = x.laid(layout)
    wide = _wide(tensor)
    value = Value(wide)
    channels = value.size(-1)
    apart = tf.reshape(wide, as_shape([value.size(0), -1, groups, channels // groups]))
    found = _normalized(apart, [1, 3], epsilon)
    each = (groups, 1) if per_group else (groups, -1)
    found = found * tf.reshape(tf.cast(scale.tensor, wide.dtype), each)
    found += tf.reshape(tf.cast(bias.tensor, wide.dtype), each)
    result = tf.reshape(found, as_shape(value.sizes))
    result.set_shape(tensor.shape)
    return Value(tf.cast(result, x.dtype), layout)


def _wide(tensor: tf.Tensor) -> tf.Tensor:
    """In float32 at least: means of smaller floats are too coarse."""
    return tf.cast(tensor, tf.float32) if tensor.dtype.size < 4 else tensor


def _normalized(x: tf.Tensor, axes: list[int], epsilon: float) -> tf.Tensor:
    centred = x - tf.reduce_mean(x, axes, keepdims=True)
    variance = tf.reduce_mean(centred * centred, axes, keepdims=True)
    return centred * tf.math.rsqrt(variance + tf.cast(epsilon, x.dtype))


@op("LRN", since=(1, 13))
def lrn(x: Value, *, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0) -> Value:
    """By the squares of the channels around (Krizhevsky et al. 2012, section 3.3)."""
    channels = Value(x.laid(channels_last(x.rank)), channels_last(x.rank))
    before, after = (size - 1) // 2, size - 1 - (size - 1) // 2

    def normalized(t: tf.Tensor) -> tf.Tensor:
        around = tf.pad(t * t, [[0, 0]] * (x.rank - 1) + [[before, after]])
        count = channels.size(1)
        total = tf.add_n([around[..., first : first + count] for first in range(size)])
        return t / tf.pow(bias + alpha / size * total, beta)

    return mapped(channels, normalized, WIDE_FLOATS)

"""Normalizations."""

from __future__ import annotations

from mlconvert_plugins.tfgraph import layouts
from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value


@op("BatchNormalization", since=(7, 9), ignores=("momentum",), only={"spatial": (1,)})
def batch_normalization_7(
    x: Value,
    scale: Value,
    bias: Value,
    mean: Value,
    variance: Value,
    *,
    node: Node,
    epsilon: float = 1e-5,
    spatial: int = 1,
) -> Value:
    """For inference; that a model is in training shows in its outputs alone."""
    if any(node.wants(number) for number in range(1, 5)):
        raise node.refusal("outputs for training are not supported", "export the model for inference")
    return _normalized(x, scale, bias, mean, variance, epsilon)


@op("BatchNormalization", since=(14, 15))
def batch_normalization(
    x: Value,
    scale: Value,
    bias: Value,
    mean: Value,
    variance: Value,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    training_mode: int = 0,
) -> tuple[Value, ...]:
    """One factor and one summand for each channel; in training by the batch's own statistics, which are averaged in."""
    if not training_mode:
        return (_normalized(x, scale, bias, mean, variance, epsilon),)
    wide = tf.cast(x.tensor, mean.dtype)
    axes = [0, *range(2, x.rank)]
    own = (tf.reduce_mean(wide, axes), tf.math.reduce_variance(wide, axes))
    running = [old.tensor * momentum + new * (1 - momentum) for old, new in zip((mean, variance), own, strict=True)]
    found = _normalized(x, scale, bias, Value.of(own[0]), Value.of(own[1]), epsilon)
    return (found, *map(Value.of, running))


def _normalized(x: Value, scale: Value, bias: Value, mean: Value, variance: Value, epsilon: float) -> Value:
    factor, summand = _affine(scale, bias, mean, variance, epsilon)
    rank = x.rank
    if x.layout == layouts.channels_last(rank):
        return x.map(lambda t: _applied(t, factor, summand))
    shape = (1, -1, *(1,) * (rank - 2))
    return Value(_applied(x.tensor, _shaped(factor, shape), _shaped(summand, shape)))


def _affine(scale: Value, bias: Value, mean: Value, variance: Value, epsilon: float) -> tuple[Value, Value]:
    parts = (scale, bias, mean, variance)
    if all(part.constant is not None for part in parts):
        gamma, beta, mu, sigma = (np.asarray(part.constant, np.float64) for part in parts)
        factor = gamma / np.sqrt(sigma + epsilon)
        dtype = scale.dtype.as_numpy_dtype
        return Value(constant=factor.astype(dtype)), Value(constant=(beta - mu * factor).astype(dtype))
    tensors = (tf.cast(scale.tensor, mean.dtype), tf.cast(bias.tensor, mean.dtype))
    multiplied = tensors[0] * tf.math.rsqrt(variance.tensor + tf.cast(epsilon, mean.dtype))
    return Value(multiplied), Value(tensors[1] - mean.tensor * multiplied)


def _shaped(value: Value, shape: tuple[int, ...]) -> Value:
    if value.constant is not None:
        return Value(constant=value.constant.reshape(shape))
    return Value(tf.reshape(value.tensor, shape))


def _applied(x: tf.Tensor, factor: Value, summand: Value) -> tf.Tensor:
    wide = x.dtype if x.dtype.size >= factor.dtype.size else factor.dtype
    found = tf.cast(x, wide) * tf.cast(factor.tensor, wide) + tf.cast(summand.tensor, wide)
    return tf.cast(found, x.dtype)


@op("LayerNormalization", since=(17,))
def layer_normalization(
    x: Value,
    scale: Value,
    bias: Value | None = None,
    *,
    axis: int = -1,
    epsilon: float = 1e-5,
    stash_type: int = 1,
) -> tuple[Value, Value, Value]:
    """Over all axes from `axis` on; statistics are kept in float32."""
    axes = list(range(x.axis(axis), x.rank))
    wide = _stashed(x, stash_type)
    mean = tf.reduce_mean(wide, axes, keepdims=True)
    centred = wide - mean
    inverse = _inverse_root(centred, axes, epsilon)
    found = tf.cast(centred * inverse, x.dtype) * scale.tensor
    found = found if bias is None else found + bias.tensor
    return Value(found), Value(tf.cast(mean, tf.float32)), Value(tf.cast(inverse, tf.float32))


@op("RMSNormalization", since=(23,))
@op("SimplifiedLayerNormalization", since=(1,))
def rms_normalization(
    x: Value, scale: Value, *, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1
) -> tuple[Value, Value]:
    """By the root of the mean square of all axes from `axis` on, and no mean; ONNX Runtime wants the root as well."""
    wide = _stashed(x, stash_type)
    inverse = _inverse_root(wide, list(range(x.axis(axis), x.rank)), epsilon)
    found = tf.cast(wide * inverse, scale.dtype) * scale.tensor
    return Value(found), Value(tf.cast(inverse, tf.float32))


def _stashed(x: Value, stash_type: int) -> tf.Tensor:
    """In the type for the statistics: float32 where the tensor's own is smaller."""
    return tf.cast(x.tensor, tf.float32) if stash_type == 1 and x.dtype.size < 4 else x.tensor


def _inverse_root(x: tf.Tensor, axes: list[int], epsilon: float) -> tf.Tensor:
    square = tf.reduce_mean(tf.square(x), axes, keepdims=True)
    return tf.math.rsqrt(square + tf.cast(epsilon, square.dtype))


@op("LpNormalization", since=(1, 22), only={"p": (1, 2)})
def lp_normalization(x: Value, *, axis: int = -1, p: int = 2) -> Value:
    """Over the sum of magnitudes, or the root of the sum of squares, along an axis; zeros stay zeros."""
    place = x.place(axis)
    return x.map(lambda t: tf.math.divide_no_nan(t, _norm(t, place, p)))


def _norm(t: tf.Tensor, place: int, p: int) -> tf.Tensor:
    if p == 1:
        return tf.reduce_sum(tf.abs(t), place, keepdims=True)
    return tf.sqrt(tf.reduce_sum(t * t, place, keepdims=True))

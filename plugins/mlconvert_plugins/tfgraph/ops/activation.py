"""Activation functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlconvert_plugins.tfgraph.broadcasting import elementwise
from mlconvert_plugins.tfgraph.kernels import FLOATS, WIDE_FLOATS, mapped
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value, reshaped

_INTS = ("int8", "int16", "int32", "int64")


@op("Relu", since=(1, 6, 13, 14), ignores=("consumed_inputs",))
def relu(x: Value) -> Value:
    """max(x, 0)."""
    return mapped(x, tf.nn.relu, (*FLOATS, *_INTS))


@op("LeakyRelu", since=(1, 6, 16), ignores=("consumed_inputs",))
def leaky_relu(x: Value, *, alpha: float = 0.01) -> Value:
    """alpha x below zero."""
    return mapped(x, lambda t: tf.nn.leaky_relu(t, alpha))


@op("PRelu", since=(7, 9, 16))
def prelu(x: Value, slope: Value) -> Value:
    """slope x below zero."""
    return elementwise(lambda t, s: tf.where(t < tf.zeros([], t.dtype), s * t, t), x, slope)


@op("Sigmoid", since=(1, 6, 13), ignores=("consumed_inputs",))
def sigmoid(x: Value) -> Value:
    """1 / (1 + exp(-x))."""
    return x.map(tf.math.sigmoid)


@op("Tanh", since=(1, 6, 13), ignores=("consumed_inputs",))
def tanh(x: Value) -> Value:
    """The hyperbolic tangent."""
    return x.map(tf.math.tanh)


@op("HardSigmoid", since=(1, 6, 22), ignores=("consumed_inputs",))
def hard_sigmoid(x: Value, *, alpha: float = 0.2, beta: float = 0.5) -> Value:
    """A line between 0 and 1."""
    return x.map(lambda t: tf.clip_by_value(t * alpha + beta, tf.zeros([], t.dtype), tf.ones([], t.dtype)))


@op("HardSwish", since=(14, 22))
def hard_swish(x: Value) -> Value:
    """x relu6(x + 3) / 6, as torch has it."""
    return x.map(lambda t: t * tf.nn.relu6(t + 3) * (1 / 6))


@op("Elu", since=(1, 6, 22), ignores=("consumed_inputs",))
def elu(x: Value, *, alpha: float = 1.0) -> Value:
    """alpha (exp(x) - 1) below zero."""
    if alpha == 1:
        return mapped(x, tf.nn.elu, WIDE_FLOATS)
    return x.map(lambda t: tf.where(t < 0, tf.math.expm1(tf.minimum(t, 0)) * alpha, t))


@op("Selu", since=(1, 6, 22), ignores=("consumed_inputs",))
def selu(x: Value, *, alpha: float = 1.6732632423543772, gamma: float = 1.0507009873554805) -> Value:
    """gamma elu(x, alpha)."""
    return x.map(lambda t: gamma * tf.where(t < 0, tf.math.expm1(tf.minimum(t, 0)) * alpha, t))


@op("Celu", since=(12, 28))
def celu(x: Value, *, alpha: float = 1.0) -> Value:
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1))."""
    return x.map(lambda t: tf.nn.relu(t) + tf.minimum(tf.math.expm1(t / alpha) * alpha, 0))


@op("Softplus", since=(1, 22))
def softplus(x: Value) -> Value:
    """log(1 + exp(x))."""
    return x.map(tf.math.softplus)


@op("Softsign", since=(1, 22))
def softsign(x: Value) -> Value:
    """x / (1 + |x|)."""
    return x.map(tf.nn.softsign)


@op("ThresholdedRelu", since=(10, 22))
def thresholded_relu(x: Value, *, alpha: float = 1.0) -> Value:
    """x above alpha, else 0."""
    return x.map(lambda t: tf.where(t > tf.cast(alpha, t.dtype), t, tf.zeros([], t.dtype)))


@op("Gelu", since=(20,), only={"approximate": ("none", "tanh")})
def gelu(x: Value, *, approximate: str = "none") -> Value:
    """Gaussian error linear units."""
    return x.map(lambda t: tf.nn.gelu(t, approximate=approximate == "tanh"))


@op("Softmax", since=(1, 11))
def softmax_1(x: Value, *, axis: int = 1) -> Value:
    """Over all axes from `axis` on, as if they were one."""
    return _over_rest(x, axis, tf.nn.softmax)


@op("LogSoftmax", since=(1, 11))
def log_softmax_1(x: Value, *, axis: int = 1) -> Value:
    """Over all axes from `axis` on, as if they were one."""
    return _over_rest(x, axis, tf.nn.log_softmax)


def _over_rest(x: Value, axis: int, function: Callable[[Any, Any], Any]) -> Value:
    first = x.axis(axis)
    if first == x.rank - 1:
        return x.map(lambda t: function(t, x.place(first)))
    rest = reshaped(x.tensor, [*x.sizes[:first], -1])
    return Value(reshaped(function(rest, -1), x.sizes))


@op("Softmax", since=(13,))
def softmax(x: Value, *, axis: int = -1) -> Value:
    """Along one axis."""
    return mapped(x, lambda t: tf.nn.softmax(t, x.place(axis)), WIDE_FLOATS)


@op("LogSoftmax", since=(13,))
def log_softmax(x: Value, *, axis: int = -1) -> Value:
    """Along one axis."""
    return x.map(lambda t: tf.nn.log_softmax(t, x.place(axis)))

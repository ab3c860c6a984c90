"""ONNX Runtime's operators on quantized tensors: the numbers are read, the operator computes, the result is quantized.

Each tensor comes with its scale and its zero point, which for a scale alone is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlconvert_plugins.tfgraph.broadcasting import elementwise
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.ops.activation import leaky_relu, sigmoid, softmax, softmax_1
from mlconvert_plugins.tfgraph.ops.elementwise import where
from mlconvert_plugins.tfgraph.ops.matmul import gemm
from mlconvert_plugins.tfgraph.ops.pooling import average_pool, global_average_pool
from mlconvert_plugins.tfgraph.ops.quantization import matmul_integer
from mlconvert_plugins.tfgraph.ops.shaping import concat
from mlconvert_plugins.tfgraph.quantizing import dequantized, quantized, shaped, spread
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value

_DOMAIN = "com.microsoft"


def _read(x: Value, scale: Value, zero: Value | None, axis: int = 0) -> Value:
    return dequantized(x, spread(scale, x, axis), zero and spread(zero, x, axis), tf.float32)


def _written(x: Value, scale: Value, zero: Value | None, dtype: tf.DType) -> Value:
    return quantized(x, shaped(scale, ()), zero and shaped(zero, ()), dtype)


def _register_unary(name: str, function: Callable[..., Value], attributes: tuple[str, ...], only: Any = None) -> None:
    @op(name, since=(1,), domain=_DOMAIN, attributes=attributes, only=only)
    def handler(
        x: Value, scale: Value, zero: Value | None, y_scale: Value, y_zero: Value | None = None, **options: Any
    ) -> Value:
        options.pop("channels_last", None)
        return _written(function(_read(x, scale, zero), **options), y_scale, y_zero, x.dtype)


_POOLING = ("auto_pad", "ceil_mode", "count_include_pad", "kernel_shape", "pads", "strides", "channels_last")
_CHANNELS_FIRST = {"channels_last": (0,)}

_register_unary("QLinearSigmoid", sigmoid, ())
_register_unary("QLinearLeakyRelu", leaky_relu, ("alpha",))
_register_unary("QLinearAveragePool", average_pool, _POOLING, _CHANNELS_FIRST)
_register_unary("QLinearGlobalAveragePool", global_average_pool, ("channels_last",), _CHANNELS_FIRST)


@op("QLinearSoftmax", since=(1,), domain=_DOMAIN)
def qlinear_softmax(
    x: Value,
    scale: Value,
    zero: Value | None,
    y_scale: Value,
    y_zero: Value | None = None,
    *,
    axis: int = -1,
    opset: int,
) -> Value:
    """As the opset means it that the model had."""
    function = softmax if opset >= 13 else softmax_1
    return _written(function(_read(x, scale, zero), axis=axis), y_scale, y_zero, x.dtype)


def _register_binary(name: str, function: Callable[[Any, Any], Any]) -> None:
    @op(name, since=(1,), domain=_DOMAIN)
    def handler(
        a: Value,
        a_scale: Value,
        a_zero: Value | None,
        b: Value,
        b_scale: Value,
        b_zero: Value | None,
        scale: Value,
        zero: Value | None = None,
    ) -> Value:
        found = elementwise(function, _read(a, a_scale, a_zero), _read(b, b_scale, b_zero))
        return _written(found, scale, zero, a.dtype)


_register_binary("QLinearAdd", lambda a, b: a + b)
_register_binary("QLinearMul", lambda a, b: a * b)


@op("QLinearWhere", since=(1,), domain=_DOMAIN)
def qlinear_where(condition: Value, *parts: Any) -> Value:
    """Of two quantized tensors."""
    found = where(condition, _read(*parts[:3]), _read(*parts[3:6]))
    return _written(found, parts[6], parts[7], parts[0].dtype)


@op("QLinearConcat", since=(1,), domain=_DOMAIN)
def qlinear_concat(scale: Value, zero: Value, *parts: Any, axis: int) -> Value:
    """Of tensors of different scales."""
    read = [_read(*parts[start : start + 3]) for start in range(0, len(parts), 3)]
    return _written(concat(*read, axis=axis), scale, zero, zero.dtype)


@op("QGemm", since=(1,), domain=_DOMAIN)
def qgemm(
    a: Value,
    a_scale: Value,
    a_zero: Value,
    b: Value,
    b_scale: Value,
    b_zero: Value,
    c: Value | None = None,
    scale: Value | None = None,
    zero: Value | None = None,
    *,
    alpha: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Value:
    """Gemm of what the tensors stand for; the summand has the product's scale, and no scale leaves floats."""
    first, second = _read(a, a_scale, a_zero), _read(b, b_scale, b_zero, 0 if transB else 1)
    summand = None
    if c is not None:
        both = elementwise(lambda s, t: s * t * alpha, shaped(a_scale, ()), b_scale)
        summand = elementwise(lambda t, s: tf.cast(t, tf.float32) * s, c, both)
    found = gemm(first, second, summand, alpha=alpha, transA=transA, transB=transB)
    return found if scale is None else _written(found, scale, zero, a.dtype)


@op("MatMulIntegerToFloat", since=(1,), domain=_DOMAIN)
def matmul_integer_to_float(
    a: Value,
    b: Value,
    a_scale: Value,
    b_scale: Value,
    a_zero: Value | None = None,
    b_zero: Value | None = None,
    bias: Value | None = None,
) -> Value:
    """The integer product as the floats that it stands for."""
    factor = elementwise(tf.math.multiply, shaped(a_scale, ()), b_scale)
    product = matmul_integer(a, b, a_zero, b_zero)
    found = elementwise(lambda t, s: tf.cast(t, s.dtype) * s, product, factor)
    return found if bias is None else elementwise(tf.math.add, found, bias)

"""To quantized numbers and back, and ONNX's operators on quantized tensors."""

from __future__ import annotations

from typing import Any

from mlconvert_plugins.tfgraph.broadcasting import elementwise
from mlconvert_plugins.tfgraph.casting import cast_to
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.ops.convolution import CONV, conv
from mlconvert_plugins.tfgraph.ops.matmul import matmul
from mlconvert_plugins.tfgraph.quantizing import centred, dequantized, quantized, shaped, spread
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.tensors import dtype_of
from mlconvert_plugins.tfgraph.values import Value


@op("QuantizeLinear", since=(10, 13, 19, 21, 23, 24, 25, 28))
@op("QuantizeLinear", since=(1,), domain="com.microsoft")
def quantize_linear(
    x: Value,
    scale: Value,
    zero: Value | None = None,
    *,
    axis: int = 1,
    block_size: int = 0,
    output_dtype: int = 0,
    precision: int = 0,
    saturate: int = 1,
) -> Value:
    """The type is the zero point's, or else the attribute's, or uint8."""
    dtype = zero.dtype if zero is not None else dtype_of(output_dtype) if output_dtype else tf.uint8
    divisor = spread(cast_to(scale, dtype_of(precision)) if precision else scale, x, axis, block_size)
    summand = None if zero is None else spread(zero, x, axis, block_size)
    return quantized(x, divisor, summand, dtype, saturate=bool(saturate))


@op("DequantizeLinear", since=(10, 13, 19, 21, 23, 24, 25, 28))
@op("DequantizeLinear", since=(1,), domain="com.microsoft")
def dequantize_linear(
    x: Value, scale: Value, zero: Value | None = None, *, axis: int = 1, block_size: int = 0, output_dtype: int = 0
) -> Value:
    """The type is the attribute's, or the scale's."""
    summand = None if zero is None else spread(zero, x, axis, block_size)
    dtype = dtype_of(output_dtype) if output_dtype else scale.dtype
    return dequantized(x, spread(scale, x, axis, block_size), summand, dtype)


@op("MatMulInteger", since=(10,))
def matmul_integer(a: Value, b: Value, a_zero: Value | None = None, b_zero: Value | None = None) -> Value:
    """The product in int32."""
    return matmul(centred(a, a_zero and _rows(a_zero)), centred(b, b_zero and _columns(b_zero)))


@op("QLinearMatMul", since=(10, 21))
def qlinear_matmul(
    a: Value,
    a_scale: Value,
    a_zero: Value,
    b: Value,
    b_scale: Value,
    b_zero: Value,
    y_scale: Value,
    y_zero: Value,
) -> Value:
    """The product of what the tensors stand for, quantized anew."""
    product = matmul_integer(a, b, a_zero, b_zero)
    found = _scaled(product, _rows(a_scale), _columns(b_scale))
    return quantized(found, cast_to(_rows(y_scale), tf.float32), _rows(y_zero), y_zero.dtype)


def _rows(part: Value) -> Value:
    """One for each row, where a vector is given."""
    return shaped(part, () if part.shape == (1,) else (-1, 1)) if part.rank == 1 else part


def _columns(part: Value) -> Value:
    return shaped(part, ()) if part.shape == (1,) else part


def _scaled(product: Value, *scales: Value) -> Value:
    """An integer product as the number that it stands for."""
    found = cast_to(product, tf.float32)
    for scale in scales:
        found = elementwise(tf.math.multiply, found, cast_to(scale, tf.float32))
    return found


@op("ConvInteger", since=(10,), attributes=CONV)
def conv_integer(
    x: Value, w: Value, x_zero: Value | None = None, w_zero: Value | None = None, **attributes: Any
) -> Value:
    """The convolution in int32. What is padded stands for 0, as the zero point does."""
    filters = centred(w, w_zero and spread(w_zero, w, 0))
    return conv(centred(x, x_zero and shaped(x_zero, ())), filters, **attributes)


@op("QLinearConv", since=(10,), attributes=CONV)
def qlinear_conv(
    x: Value,
    x_scale: Value,
    x_zero: Value,
    w: Value,
    w_scale: Value,
    w_zero: Value,
    y_scale: Value,
    y_zero: Value,
    b: Value | None = None,
    **attributes: Any,
) -> Value:
    """The convolution of what the tensors stand for, quantized anew; the bias has the product's scale."""
    product = conv_integer(x, w, x_zero, w_zero, **attributes)
    if b is not None:
        product = elementwise(tf.math.add, product, spread(b, product, 1))
    found = _scaled(product, shaped(x_scale, ()), spread(w_scale, product, 1))
    return quantized(found, shaped(y_scale, ()), shaped(y_zero, ()), y_zero.dtype)

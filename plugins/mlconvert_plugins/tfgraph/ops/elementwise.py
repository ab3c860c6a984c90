"""Arithmetic, comparisons and logic, element by element."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from mlconvert_plugins.tfgraph.broadcasting import elementwise
from mlconvert_plugins.tfgraph.kernels import FLOATS, WIDE_FLOATS, mapped, widened
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value

_SIGNED = (*FLOATS, "int8", "int16", "int32", "int64")
_UNARY: dict[str, tuple[tuple[int, ...], Callable[[Any], Any]]] = {
    "Acos": ((7, 22), lambda x: tf.math.acos(x)),
    "Acosh": ((9, 22), lambda x: tf.math.acosh(x)),
    "Asin": ((7, 22), lambda x: tf.math.asin(x)),
    "Asinh": ((9, 22), lambda x: tf.math.asinh(x)),
    "Atan": ((7, 22), lambda x: tf.math.atan(x)),
    "Atanh": ((9, 22), lambda x: tf.math.atanh(x)),
    "Ceil": ((1, 6, 13), lambda x: tf.math.ceil(x)),
    "Cos": ((7, 22), lambda x: tf.math.cos(x)),
    "Cosh": ((9, 22), lambda x: tf.math.cosh(x)),
    "Erf": ((9, 13), lambda x: tf.math.erf(x)),
    "Exp": ((1, 6, 13), lambda x: tf.math.exp(x)),
    "Floor": ((1, 6, 13), lambda x: tf.math.floor(x)),
    "Log": ((1, 6, 13), lambda x: tf.math.log(x)),
    "Reciprocal": ((1, 6, 13), lambda x: tf.math.reciprocal(x)),
    "Round": ((11, 22), lambda x: tf.math.rint(x)),
    "Sin": ((7, 22), lambda x: tf.math.sin(x)),
    "Sinh": ((9, 22), lambda x: tf.math.sinh(x)),
    "Sqrt": ((1, 6, 13), lambda x: tf.math.sqrt(x)),
    "Tan": ((7, 22), lambda x: tf.math.tan(x)),
}
_BINARY: dict[str, tuple[tuple[int, ...], Callable[[Any, Any], Any]]] = {
    "Add": ((7, 13, 14), lambda a, b: tf.math.add(a, b)),
    "Sub": ((7, 13, 14), lambda a, b: tf.math.subtract(a, b)),
    "Mul": ((7, 13, 14), lambda a, b: tf.math.multiply(a, b)),
    "Div": ((7, 13, 14), lambda a, b: tf.math.divide(a, b) if a.dtype.is_floating else tf.truncatediv(a, b)),
    "And": ((7,), lambda a, b: tf.math.logical_and(a, b)),
    "Or": ((7,), lambda a, b: tf.math.logical_or(a, b)),
    "Xor": ((7,), lambda a, b: tf.math.logical_xor(a, b)),
    "Equal": ((7, 11, 13, 19), lambda a, b: tf.math.equal(a, b)),
    "Less": ((7, 9, 13), lambda a, b: tf.math.less(a, b)),
    "LessOrEqual": ((12, 16), lambda a, b: tf.math.less_equal(a, b)),
    "Greater": ((7, 9, 13), lambda a, b: tf.math.greater(a, b)),
    "GreaterOrEqual": ((12, 16), lambda a, b: tf.math.greater_equal(a, b)),
}


def _register_unary(name: str, since: tuple[int, ...], function: Callable[[Any], Any]) -> None:
    @op(name, since, ignores=("consumed_inputs",))
    def handler(x: Value) -> Value:
        return mapped(x, function)


def _register_binary(name: str, since: tuple[int, ...], function: Callable[[Any, Any], Any]) -> None:
    @op(name, since)
    def handler(a: Value, b: Value) -> Value:
        return elementwise(function, a, b)


for _name, (_since, _function) in _UNARY.items():
    _register_unary(_name, _since, _function)
for _name, (_since, _pair) in _BINARY.items():
    _register_binary(_name, _since, _pair)


@op("Abs", since=(1, 6, 13), ignores=("consumed_inputs",))
def absolute(x: Value) -> Value:
    """An unsigned number is its own."""
    return x if x.dtype.is_unsigned else mapped(x, tf.math.abs, _SIGNED)


@op("Neg", since=(1, 6, 13), ignores=("consumed_inputs",))
def neg(x: Value) -> Value:
    """Also of the most negative integer, which is its own negative."""
    return mapped(x, tf.math.negative, _SIGNED)


@op("Sign", since=(9, 13))
def sign(x: Value) -> Value:
    """-1, 0 or 1; NaN stays NaN."""
    if x.dtype.is_unsigned:
        return x.map(lambda t: tf.cast(tf.not_equal(t, tf.zeros([], t.dtype)), t.dtype))
    return mapped(x, tf.math.sign, _SIGNED)


@op("Not", since=(1,))
def logical_not(x: Value) -> Value:
    """Of booleans."""
    return x.map(tf.math.logical_not)


@op("IsNaN", since=(9, 13, 20))
def is_nan(x: Value) -> Value:
    """Of floats."""
    return x.map(tf.math.is_nan)


@op("IsInf", since=(10, 20))
def is_inf(x: Value, *, detect_negative: int = 1, detect_positive: int = 1) -> Value:
    """Of floats; of one sign where only that is asked for."""
    if detect_negative and detect_positive:
        return x.map(tf.math.is_inf)
    wanted = float("inf" if detect_positive else "-inf" if detect_negative else "nan")
    return x.map(lambda t: tf.equal(t, tf.constant(wanted, t.dtype)))


@op("Pow", since=(7, 12, 13, 15))
def power(x: Value, y: Value) -> Value:
    """The base's type is the result's; numpy's rule, that is ONNX's, computes mixed types in the wider one."""
    if x.dtype == y.dtype and x.dtype.is_floating:
        return elementwise(tf.math.pow, x, y)
    wide = tf.float32 if x.dtype == y.dtype == tf.float32 else tf.float64
    return elementwise(lambda a, b: tf.cast(tf.math.pow(tf.cast(a, wide), tf.cast(b, wide)), a.dtype), x, y)


@op("Mod", since=(10, 13, 28))
def mod(a: Value, b: Value, *, fmod: int = 0) -> Value:
    """The divisor's sign, or with `fmod` the dividend's."""
    function = tf.truncatemod if fmod else tf.math.floormod
    kernels = ("int32", "int64", *WIDE_FLOATS) if fmod else ("int8", "int16", "int32", "int64", "uint64", *FLOATS)
    return elementwise(widened(function, kernels), a, b)


@op("Max", since=(6, 8, 12, 13), ignores=("consumed_inputs",))
def maximum(*values: Value) -> Value:
    """Of any number of tensors."""
    return functools.reduce(lambda a, b: elementwise(tf.math.maximum, a, b), values)


@op("Min", since=(6, 8, 12, 13), ignores=("consumed_inputs",))
def minimum(*values: Value) -> Value:
    """Of any number of tensors."""
    return functools.reduce(lambda a, b: elementwise(tf.math.minimum, a, b), values)


@op("Sum", since=(6, 8, 13))
def total(*values: Value) -> Value:
    """Of any number of tensors."""
    return functools.reduce(lambda a, b: elementwise(tf.math.add, a, b), values)


@op("Mean", since=(6, 8, 13))
def mean(*values: Value) -> Value:
    """Of any number of tensors."""
    return total(*values).map(lambda t: t / tf.constant(len(values), t.dtype))


@op("Where", since=(9, 16))
def where(condition: Value, x: Value, y: Value) -> Value:
    """`x` where the condition holds, else `y`."""
    return elementwise(tf.where, condition, x, y)


@op("Clip", since=(6,))
def clip_6(x: Value, *, max: float = 3.4028234663852886e38, min: float = -3.4028234663852886e38) -> Value:
    """Bounds by attribute."""
    return x.map(lambda t: tf.math.minimum(tf.math.maximum(t, tf.cast(min, t.dtype)), tf.cast(max, t.dtype)))


@op("Clip", since=(11, 12, 13))
def clip(x: Value, low: Value | None = None, high: Value | None = None) -> Value:
    """Where the bounds cross, the upper one holds."""
    if low is not None:
        x = elementwise(tf.math.maximum, x, low)
    return x if high is None else elementwise(tf.math.minimum, x, high)


@op("Identity", since=(1, 13, 14, 16, 19, 21, 23, 24, 25))
def identity(x: Any) -> Any:
    """Nothing; also of sequences and optionals."""
    return x

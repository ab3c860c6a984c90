"""Operators on the bits of integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlconvert_plugins.tfgraph.broadcasting import elementwise
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value

_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "BitwiseAnd": lambda a, b: tf.bitwise.bitwise_and(a, b),
    "BitwiseOr": lambda a, b: tf.bitwise.bitwise_or(a, b),
    "BitwiseXor": lambda a, b: tf.bitwise.bitwise_xor(a, b),
}


def _register(name: str, function: Callable[[Any, Any], Any]) -> None:
    @op(name, since=(18,))
    def handler(a: Value, b: Value) -> Value:
        return elementwise(function, a, b)


for _name, _function in _BINARY.items():
    _register(_name, _function)


@op("BitwiseNot", since=(18,))
def bitwise_not(x: Value) -> Value:
    """Every bit turned."""
    return x.map(tf.bitwise.invert)


@op("BitShift", since=(11, 28))
def bit_shift(x: Value, y: Value, *, direction: str) -> Value:
    """By `y` bits; a number that is negative, or as large as the width, leaves nothing but the sign."""
    return elementwise(_shifted_left if direction == "LEFT" else _shifted_right, x, y)


def _shifted_left(x: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    within = _is_within(bits)
    shifted = tf.bitwise.left_shift(x, tf.where(within, bits, tf.zeros([], bits.dtype)))
    return tf.where(within, shifted, tf.zeros([], x.dtype))


def _shifted_right(x: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    within = _is_within(bits)
    last = tf.cast(8 * x.dtype.size - 1, bits.dtype)
    shifted = tf.bitwise.right_shift(x, tf.where(within, bits, last))
    return shifted if not x.dtype.is_unsigned else tf.where(within, shifted, tf.zeros([], x.dtype))


def _is_within(bits: tf.Tensor) -> tf.Tensor:
    """Whether these shifts are what C defines for the type."""
    width = tf.cast(8 * bits.dtype.size, bits.dtype)
    return tf.logical_and(bits >= tf.zeros([], bits.dtype), bits < width)

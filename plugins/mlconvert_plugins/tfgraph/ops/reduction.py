"""Reductions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mlconvert_plugins.tfgraph import layouts
from mlconvert_plugins.tfgraph.kernels import FLOATS, widened
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value, static_ints

Reduce = Callable[[Any, Any, bool], Any]
_NUMBERS = (*FLOATS, "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
# The function, and the versions that take axes as an attribute and as an input.
_REDUCTIONS: dict[str, tuple[Reduce, tuple[int, ...], tuple[int, ...]]] = {
    "ReduceSum": (lambda t, axes, keep: tf.reduce_sum(t, axes, keep), (1, 11), (13,)),
    "ReduceMean": (lambda t, axes, keep: _mean(t, axes, keep), (1, 11, 13), (18,)),
    "ReduceMax": (
        lambda t, axes, keep: _extreme(tf.reduce_max, tf.reduce_any, t, axes, keep),
        (1, 11, 12, 13),
        (18, 20),
    ),
    "ReduceMin": (
        lambda t, axes, keep: _extreme(tf.reduce_min, tf.reduce_all, t, axes, keep),
        (1, 11, 12, 13),
        (18, 20),
    ),
    "ReduceProd": (lambda t, axes, keep: tf.reduce_prod(t, axes, keep), (1, 11, 13), (18,)),
    "ReduceL1": (lambda t, axes, keep: tf.reduce_sum(_magnitude(t), axes, keep), (1, 11, 13), (18,)),
    "ReduceL2": (lambda t, axes, keep: _root(t, axes, keep), (1, 11, 13), (18,)),
    "ReduceLogSum": (lambda t, axes, keep: _floating(tf.math.log, tf.reduce_sum(t, axes, keep)), (1, 11, 13), (18, 28)),
    "ReduceLogSumExp": (
        lambda t, axes, keep: _floating(lambda x: tf.reduce_logsumexp(x, axes, keep), t),
        (1, 11, 13),
        (18, 28),
    ),
    "ReduceSumSquare": (lambda t, axes, keep: tf.reduce_sum(t * t, axes, keep), (1, 11, 13), (18,)),
}


def _mean(t: Any, axes: Any, keep: bool) -> Any:
    """Of integers the sum over the count, cut off."""
    if t.dtype.is_floating:
        return tf.reduce_mean(t, axes, keep)
    total = tf.reduce_sum(tf.cast(t, tf.int64), axes, keep)
    count = tf.reduce_sum(tf.ones_like(t, tf.int64), axes, keep)
    return tf.cast(tf.truncatediv(total, count), t.dtype)


def _extreme(number: Any, logical: Any, t: Any, axes: Any, keep: bool) -> Any:
    if t.dtype == tf.bool:
        return logical(t, axes, keep)
    return number(t, axes, keep)


def _magnitude(t: Any) -> Any:
    return t if t.dtype.is_unsigned else tf.abs(t)


def _root(t: Any, axes: Any, keep: bool) -> Any:
    return _floating(lambda x: tf.sqrt(tf.reduce_sum(x * x, axes, keep)), t)


def _floating(function: Callable[[Any], Any], t: Any) -> Any:
    """Of integers, computed as floats and cut off."""
    if t.dtype.is_floating:
        return function(t)
    return tf.cast(function(tf.cast(t, tf.float64)), t.dtype)


def _reduced(x: Value, reduce: Reduce, axes: Sequence[int] | None, keepdims: int) -> Value:
    """Over some axes, or None for all of them, in whatever order they lie."""
    if axes is None and x.layout == () and not keepdims:
        return Value.of(reduce(x.tensor, None, False))
    chosen = list(range(x.rank)) if axes is None else [x.axis(axis) for axis in axes]
    found = reduce(x.laid(x.layout), [x.place(axis) for axis in chosen], bool(keepdims))
    layout = x.layout if keepdims or not x.layout else layouts.without(x.layout, chosen)
    return Value(found, layout) if tf.is_symbolic_tensor(found) else Value.of(found)


def _register(name: str, function: Reduce, by_attribute: tuple[int, ...], by_input: tuple[int, ...]) -> None:
    def reduce(t: tf.Tensor, axes: Any, keep: bool) -> tf.Tensor:
        return widened(lambda x: function(x, axes, keep), (*_NUMBERS, "bool"))(t)

    @op(name, by_attribute)
    def with_attribute(x: Value, *, axes: Sequence[int] | None = None, keepdims: int = 1) -> Value:
        return _reduced(x, reduce, axes, keepdims)

    @op(name, by_input)
    def with_input(x: Value, axes: Value | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
        chosen = None if axes is None or axes.shape == (0,) else axes
        if chosen is None:
            return _reduced(x, reduce, () if noop_with_empty_axes else None, keepdims)
        if chosen.constant is None:
            return Value(reduce(x.tensor, chosen.tensor, bool(keepdims)))
        return _reduced(x, reduce, static_ints(chosen, "axes"), keepdims)


for _name, (_function, _by_attribute, _by_input) in _REDUCTIONS.items():
    _register(_name, _function, _by_attribute, _by_input)

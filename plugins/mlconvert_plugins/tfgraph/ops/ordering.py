"""Ops that ask for an order of elements: the largest, the smallest, the distinct ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlconvert_plugins.tfgraph import layouts
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Size, Value, in_layout, reshaped


@op("ArgMax", since=(1, 11, 12, 13))
def arg_max(x: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    """Where the largest element along an axis is."""
    return _arg(tf.math.argmax, x, axis, keepdims, select_last_index)


@op("ArgMin", since=(1, 11, 12, 13))
def arg_min(x: Value, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    """Where the smallest element along an axis is."""
    return _arg(tf.math.argmin, x, axis, keepdims, select_last_index)


def _arg(function: Callable[..., Any], x: Value, axis: int, keepdims: int, last: int) -> Value:
    tensor, place = x.laid(x.layout), x.place(axis)
    if last:
        size = tf.cast(x.size(x.axis(axis)), tf.int64)
        found = size - 1 - function(tf.reverse(tensor, [place]), place, tf.int64)
    else:
        found = function(tensor, place, tf.int64)
    if keepdims:
        return x.like(tf.expand_dims(found, place))
    return in_layout(found, layouts.without(x.layout, [x.axis(axis)]) if x.layout else ())


@op("Hardmax", since=(1, 11))
def hardmax_1(x: Value, *, axis: int = 1) -> Value:
    """Over all axes from `axis` on, as if they were one."""
    rest = Value.of(reshaped(x.tensor, [*x.sizes[: x.axis(axis)], -1]))
    return Value.of(reshaped(hardmax(rest).tensor, x.sizes))


@op("Hardmax", since=(13,))
def hardmax(x: Value, *, axis: int = -1) -> Value:
    """1 for the first of the largest elements along an axis, 0 for the others."""
    place = x.place(axis)
    return x.map(lambda t: tf.one_hot(tf.math.argmax(t, place), tf.shape(t)[place], axis=place, dtype=t.dtype))


@op("TopK", since=(1,))
def top_k_1(x: Value, *, k: int, axis: int = -1) -> tuple[Value, Value]:
    """The number by attribute."""
    return _top(x, k, axis, 1)


@op("TopK", since=(10, 11, 24), ignores=("sorted",))
def top_k(x: Value, k: Value, *, axis: int = -1, largest: int = 1) -> tuple[Value, Value]:
    """The largest or smallest elements in order, and where they are; of equal ones the first."""
    elements = k.elements
    count = tf.reshape(k.tensor, []) if elements is None else elements.item()
    return _top(x, count, axis, largest)


def _top(x: Value, k: Size, axis: int, largest: int) -> tuple[Value, Value]:
    chosen = x.axis(axis)
    order = [*(other for other in range(x.rank) if other != chosen), chosen]
    turned = (lambda t: t) if largest else tf.math.negative if x.dtype.is_floating else tf.bitwise.invert
    # The complement turns the order of all integers round, where the negative would overflow.
    values, places = tf.math.top_k(turned(x.transposed(order).tensor), k, index_type=tf.int64)
    back = layouts.inverse(order)
    return Value.of(turned(values)).transposed(back), Value.of(places).transposed(back)


@op("Unique", since=(11, 28))
def unique(x: Value, *, node: Node, axis: int | None = None, sorted: int = 1) -> tuple[Value, ...]:
    """The distinct elements, or slices along an axis: where each is first, which one each is, how often each is."""
    if x.dtype.is_complex:
        raise node.refusal("TensorFlow compares no complex numbers")
    tensor, along = (tf.reshape(x.tensor, [-1]), 0) if axis is None else (x.tensor, x.axis(axis))
    kinds, inverse, counts = tf.raw_ops.UniqueWithCountsV2(x=tensor, axis=[along], out_idx=tf.int64)
    number = tf.size(counts, out_type=tf.int64)
    firsts = tf.math.unsorted_segment_min(tf.range(tf.size(inverse, out_type=tf.int64)), inverse, number)
    if sorted:
        order = _lexicographic(_rows(kinds, along))
        kinds, firsts, counts = tf.gather(kinds, order, axis=along), tf.gather(firsts, order), tf.gather(counts, order)
        inverse = tf.gather(tf.math.invert_permutation(order), inverse)
    return tuple(Value.of(tensor) for tensor in (kinds, firsts, tf.cast(inverse, tf.int64), counts))


def _rows(slices: tf.Tensor, axis: int) -> tf.Tensor:
    """The slices along an axis as rows of numbers; texts are rows of code points, which order them as bytes do."""
    order = [axis, *(other for other in range(slices.shape.rank) if other != axis)]
    count = tf.shape(slices)[axis]
    width = tf.math.floordiv(tf.size(slices), tf.maximum(count, 1))
    rows = tf.reshape(tf.transpose(slices, order), tf.stack([count, width]))
    if rows.dtype == tf.bool:
        return tf.cast(rows, tf.int32)
    if rows.dtype != tf.string:
        return rows
    letters = tf.strings.unicode_decode(tf.reshape(rows, [-1]), "UTF-8").to_tensor(-1)
    return tf.reshape(letters, tf.stack([count, width * tf.shape(letters)[1]]))


def _lexicographic(rows: tf.Tensor) -> tf.Tensor:
    """The permutation that sorts rows: stable sorts by each column, the last one first."""

    def by_column(column: tf.Tensor, order: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        entries = tf.gather(tf.gather(rows, column, axis=1), order)
        return column - 1, tf.gather(order, tf.argsort(entries, stable=True))

    start = (tf.shape(rows)[1] - 1, tf.range(tf.shape(rows)[0]))
    invariants = (tf.TensorShape([]), tf.TensorShape([None]))
    return tf.while_loop(lambda column, _: column >= 0, by_column, start, shape_invariants=invariants)[1]

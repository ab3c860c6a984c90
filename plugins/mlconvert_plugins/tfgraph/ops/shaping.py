"""Ops that move or count elements: shapes, joins, types, constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlconvert_plugins.tfgraph import layouts
from mlconvert_plugins.tfgraph.broadcasting import common_layout
from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.sizes import of_entries
from mlconvert_plugins.tfgraph.values import Size, Value, as_shape, in_layout, reshaped, shape_of, static_ints


@op("Transpose", since=(1, 13, 21, 23, 24, 25))
def transpose(x: Value, *, perm: Sequence[int] = ()) -> Value:
    """The axes in another order; all of them turned round where none is given."""
    return x.transposed(perm or range(x.rank)[::-1])


@op("Reshape", since=(5, 13, 14, 19, 21, 23, 24, 25))
def reshape(x: Value, shape: Value, *, allowzero: int = 0) -> Value:
    """-1 stands for what is left, 0 (without `allowzero`) for the size that the axis has."""
    elements = shape.elements
    if elements is None:
        return Value(tf.reshape(x.tensor, shape.tensor if allowzero else _zeros_kept(x, shape.tensor)))
    sizes = list(elements)
    if not allowzero:
        sizes = [x.size(axis) if isinstance(size, int) and size == 0 else size for axis, size in enumerate(sizes)]
    return Value(reshaped(x.tensor, sizes))


def _zeros_kept(x: Value, shape: tf.Tensor) -> tf.Tensor:
    own = x.runtime_shape[: tf.size(shape)]
    missing = tf.maximum(tf.size(shape) - tf.size(own), 0)
    own = tf.concat([own, tf.ones([missing], tf.int64)], 0)
    return tf.where(tf.equal(shape, 0), own, shape)


@op("Flatten", since=(1, 9, 11, 13, 21, 23, 24, 25))
def flatten(x: Value, *, axis: int = 1) -> Value:
    """To a matrix: the axes before `axis` are its rows."""
    cut = x.axis(axis)
    outer, inner = x.sizes[:cut], x.sizes[cut:]
    if all(isinstance(size, int) for size in inner):
        columns = int(np.prod(inner, dtype=np.int64)) if inner else 1
        if columns:
            return Value(tf.reshape(x.tensor, [-1, columns]))
    rows = _product(outer)
    return Value(tf.reshape(x.tensor, as_shape([rows, _product(inner)])))


def _product(sizes: Sequence[Size]) -> Size:
    if all(isinstance(size, int) for size in sizes):
        return int(np.prod(sizes, dtype=np.int64)) if sizes else 1
    return tf.reduce_prod(as_shape(sizes))


@op("Shape", since=(1, 13))
def shape_1(x: Value) -> Value:
    """All sizes."""
    return shape(x)


@op("Shape", since=(15, 19, 21, 23, 24, 25))
def shape(x: Value, *, start: int = 0, end: int | None = None) -> Value:
    """The sizes of some axes."""
    rank = x.rank
    first = min(max(start + rank if start < 0 else start, 0), rank)
    last = rank if end is None else min(max(end + rank if end < 0 else end, 0), rank)
    return of_entries([x.size(axis) for axis in range(first, last)], tf.int64)


@op("Size", since=(1, 13, 19, 21, 23, 24, 25))
def size(x: Value) -> Value:
    """The number of elements."""
    return of_entries(_product(x.sizes), tf.int64)


@op("Squeeze", since=(1, 11))
def squeeze_1(x: Value, *, axes: Sequence[int] | None = None) -> Value:
    """Axes by attribute."""
    return _squeezed(x, axes)


@op("Squeeze", since=(13, 21, 23, 24, 25))
def squeeze(x: Value, axes: Value | None = None) -> Value:
    """Axes by input."""
    if axes is not None and axes.constant is None:
        return _squeezed_anywhere(x, axes)
    return _squeezed(x, None if axes is None else static_ints(axes, "axes"))


def _squeezed(x: Value, axes: Sequence[int] | None) -> Value:
    if axes is None:
        if None in x.shape:
            return Value(tf.squeeze(x.tensor))
        axes = [axis for axis, size in enumerate(x.shape) if size == 1]
    chosen = [x.axis(axis) for axis in axes]
    if not chosen:
        return x
    found = tf.squeeze(x.laid(x.layout), [x.place(axis) for axis in chosen])
    return in_layout(found, layouts.without(x.layout, chosen))


def _squeezed_anywhere(x: Value, axes: Value) -> Value:
    kept = tf.tensor_scatter_nd_update(
        tf.ones([x.rank], tf.bool), _places(axes, x.rank), tf.zeros_like(axes.tensor, tf.bool)
    )
    shape = tf.boolean_mask(x.runtime_shape, kept)
    if axes.shape[0] is not None:
        shape = tf.ensure_shape(shape, [x.rank - axes.shape[0]])
    return Value(tf.reshape(x.tensor, shape))


def _places(axes: Value, rank: int) -> tf.Tensor:
    return (axes.tensor % tf.cast(rank, axes.dtype))[:, None]


@op("Unsqueeze", since=(1, 11))
def unsqueeze_1(x: Value, *, axes: Sequence[int]) -> Value:
    """Axes by attribute."""
    return _unsqueezed(x, axes)


@op("Unsqueeze", since=(13, 21, 23, 24, 25))
def unsqueeze(x: Value, axes: Value) -> Value:
    """Axes by input."""
    if axes.constant is None:
        return _unsqueezed_anywhere(x, axes)
    return _unsqueezed(x, static_ints(axes, "axes"))


def _unsqueezed(x: Value, axes: Sequence[int]) -> Value:
    rank = x.rank + len(axes)
    places = sorted(axis + rank if axis < 0 else axis for axis in axes)
    if x.constant is not None:
        return Value(constant=np.expand_dims(x.constant, tuple(places)))
    tensor = x.tensor
    for place in places:
        tensor = tf.expand_dims(tensor, place)
    return Value(tensor)


def _unsqueezed_anywhere(x: Value, axes: Value) -> Value:
    """Each size moves to the next place that no new axis takes."""
    added = axes.shape[0]
    if added is None:
        raise ValueError("how many axes are new is known only at run time")
    rank = x.rank + added
    taken = tf.tensor_scatter_nd_update(tf.zeros([rank], tf.int32), _places(axes, rank), tf.ones([added], tf.int32))
    free = tf.ensure_shape(tf.where(tf.equal(taken, 0)), [x.rank, 1])
    shape = tf.tensor_scatter_nd_update(tf.ones([rank], tf.int64), free, x.runtime_shape)
    return Value(tf.reshape(x.tensor, shape))


@op("Concat", since=(1, 4, 11, 13))
def concat(*values: Value, axis: int = 1) -> Value:
    """Along one axis."""
    layout = common_layout(values)
    place = values[0].axis(axis)
    if layout:
        place = layouts.inverse(layout)[place]
    return in_layout(tf.concat([value.laid(layout) for value in values], place), layout)


@op("Split", since=(1, 2, 11))
def split_1(x: Value, *, node: Node, axis: int = 0, split: Sequence[int] = ()) -> list[Value]:
    """Sizes by attribute, or as many equal parts as there are outputs."""
    parts = len(node.outputs)
    return _split(x, axis, split or _even(x, axis, parts), parts)


@op("Split", since=(13,))
def split_13(x: Value, split: Value | None = None, *, node: Node, axis: int = 0) -> list[Value]:
    """Sizes by input, or as many equal parts as there are outputs."""
    return split_18(x, split, node=node, axis=axis)


@op("Split", since=(18,))
def split_18(x: Value, split: Value | None = None, *, node: Node, axis: int = 0, num_outputs: int = 0) -> list[Value]:
    """Sizes by input, or so many parts of which the last may be smaller."""
    parts = num_outputs or len(node.outputs)
    return _split(x, axis, _even(x, axis, parts) if split is None else shape_of(split), parts)


def _even(x: Value, axis: int, parts: int) -> list[Size]:
    whole = x.size(axis)
    each = -(-whole // parts)
    return [*[each] * (parts - 1), whole - each * (parts - 1)]


def _split(x: Value, axis: int, sizes: Any, parts: int) -> list[Value]:
    whole = as_shape(sizes) if isinstance(sizes, list) else sizes
    pieces = tf.split(x.laid(x.layout), whole, x.place(axis), num=parts)
    return [in_layout(piece, x.layout) for piece in pieces]

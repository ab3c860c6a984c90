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
from mlconvert_plugins.tfgraph.tensors import dtype_of
from mlconvert_plugins.tfgraph.values import Size, Value, as_shape, reshaped, shape_of, static_ints


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
        raise ValueError("axes must be constant")
    return _squeezed(x, None if axes is None else static_ints(axes, "axes"))


def _squeezed(x: Value, axes: Sequence[int] | None) -> Value:
    if axes is None:
        if None in x.shape:
            raise ValueError("which axes have size 1 is known only at run time")
        axes = [axis for axis, size in enumerate(x.shape) if size == 1]
    chosen = [x.axis(axis) for axis in axes]
    if not chosen:
        return x
    found = tf.squeeze(x.laid(x.layout), [x.place(axis) for axis in chosen])
    return _with_layout(found, layouts.without(x.layout, chosen))


@op("Unsqueeze", since=(1, 11))
def unsqueeze_1(x: Value, *, axes: Sequence[int]) -> Value:
    """Axes by attribute."""
    return _unsqueezed(x, axes)


@op("Unsqueeze", since=(13, 21, 23, 24, 25))
def unsqueeze(x: Value, axes: Value) -> Value:
    """Axes by input."""
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


@op("Concat", since=(1, 4, 11, 13))
def concat(*values: Value, axis: int = 1) -> Value:
    """Along one axis."""
    layout = common_layout(values)
    place = values[0].axis(axis)
    if layout:
        place = layouts.inverse(layout)[place]
    return _with_layout(tf.concat([value.laid(layout) for value in values], place), layout)


@op("Split", since=(1, 2, 11))
def split_1(x: Value, *, node: Node, axis: int = 0, split: Sequence[int] = ()) -> list[Value]:
    """Sizes by attribute, or as many equal parts as there are outputs."""
    return _split(x, axis, split or _even(x, axis, len(node.outputs), node))


@op("Split", since=(13,))
def split_13(x: Value, split: Value | None = None, *, node: Node, axis: int = 0) -> list[Value]:
    """Sizes by input, or as many equal parts as there are outputs."""
    return _split(x, axis, _even(x, axis, len(node.outputs), node) if split is None else static_ints(split, "split"))


@op("Split", since=(18,))
def split_18(x: Value, split: Value | None = None, *, node: Node, axis: int = 0, num_outputs: int = 0) -> list[Value]:
    """Sizes by input, or so many parts of which the last may be smaller."""
    if split is not None:
        return _split(x, axis, static_ints(split, "split"))
    return _split(x, axis, _even(x, axis, num_outputs or len(node.outputs), node))


def _even(x: Value, axis: int, parts: int, node: Node) -> list[Any]:
    whole = x.size(axis)
    if not isinstance(whole, int):
        each = -(-whole // parts)
        return [*[each] * (parts - 1), whole - each * (parts - 1)]
    each = -(-whole // parts)
    return [*[each] * (parts - 1), whole - each * (parts - 1)]


def _split(x: Value, axis: int, sizes: Sequence[Size]) -> list[Value]:
    parts = tf.split(x.laid(x.layout), as_shape(sizes), x.place(axis), num=len(sizes))
    return [_with_layout(part, x.layout) for part in parts]


def _with_layout(tensor: tf.Tensor, layout: layouts.Layout) -> Value:
    value = Value.of(tensor)
    return value if value.constant is not None else Value(tensor, layout)


@op("Expand", since=(8, 13))
def expand(x: Value, shape: Value) -> Value:
    """Stretched to a shape, and where the shape has 1 to the tensor's own."""
    wanted = shape_of(shape)
    own = as_shape(x.sizes)
    if isinstance(wanted, list) and isinstance(own, list):
        return Value.of(tf.broadcast_to(x.tensor, np.broadcast_shapes(tuple(wanted), tuple(own))))
    both = tf.broadcast_dynamic_shape(tf.convert_to_tensor(wanted, tf.int64), x.runtime_shape)
    return Value(tf.broadcast_to(x.tensor, both))


@op("Tile", since=(6, 13))
def tile(x: Value, repeats: Value) -> Value:
    """So many times along each axis."""
    return Value.of(tf.tile(x.tensor, shape_of(repeats)))


@op("ConstantOfShape", since=(9, 20, 21, 23, 24, 25))
def constant_of_shape(shape: Value, *, value: np.ndarray | None = None) -> Value:
    """One value everywhere."""
    content = np.zeros(1, np.float32) if value is None else value
    return Value.of(tf.fill(shape_of(shape), Value(constant=content.reshape(())).tensor))


@op("Constant", since=(1, 9, 11, 12, 13, 19, 21, 23, 24, 25))
def constant(
    *,
    value: np.ndarray | None = None,
    sparse_value: np.ndarray | None = None,
    value_float: float | None = None,
    value_floats: Sequence[float] | None = None,
    value_int: int | None = None,
    value_ints: Sequence[int] | None = None,
    value_string: str | None = None,
    value_strings: Sequence[str] | None = None,
) -> Value:
    """The one that is given."""
    for content, dtype in (
        (value, None),
        (sparse_value, None),
        (value_float, np.float32),
        (value_floats, np.float32),
        (value_int, np.int64),
        (value_ints, np.int64),
        (value_string, object),
        (value_strings, object),
    ):
        if content is not None:
            return Value(constant=np.asarray(content, dtype))
    raise ValueError("it has no value")


@op("Cast", since=(6, 9, 13, 19, 21, 23, 24, 25, 28))
def cast(x: Value, *, to: int, saturate: int = 1, round_mode: str = "up") -> Value:
    """To another type."""
    return cast_to(x, dtype_of(to))


@op("CastLike", since=(15, 19, 21, 23, 24, 25))
def cast_like(x: Value, target: Value, *, saturate: int = 1, round_mode: str = "up") -> Value:
    """To the type of another tensor."""
    return cast_to(x, target.dtype)


def cast_to(x: Value, dtype: tf.DType) -> Value:
    """To another type; sizes stay sizes."""
    if x.dtype == dtype:
        return x
    if x.elements is not None and x.constant is None and dtype in (tf.int32, tf.int64):
        return Value(elements=x.elements, dtype=dtype)
    return x.map(lambda t: tf.cast(t, dtype))


@op("Dropout", since=(1, 6, 7, 10), ignores=("ratio", "consumed_inputs", "is_test"))
def dropout_1(x: Value, *, node: Node) -> tuple[Value, ...]:
    """Nothing at inference; a mask of all true."""
    return (x, Value(tf.ones_like(x.tensor, tf.bool))) if node.wants(1) else (x,)


@op("Dropout", since=(12, 13, 22), ignores=("seed",))
def dropout(x: Value, ratio: Value | None = None, training: Value | None = None, *, node: Node) -> tuple[Value, ...]:
    """Nothing at inference; a mask of all true."""
    if training is not None and (training.constant is None or bool(training.constant)):
        raise node.refusal("training is not supported", "export the model for inference")
    return (x, Value(tf.ones_like(x.tensor, tf.bool))) if node.wants(1) else (x,)

"""What travels between handlers: a tensor, a constant that is not yet in the graph, or sizes known one by one.

Handlers ask a Value for what they need, and it sees to the layout: `tensor` has the axes in ONNX's order,
`laid(layout)` in another, and no transpose is made twice or before somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Union

from mlconvert.errors import ConversionError
from mlconvert_plugins.tfgraph import layouts, weights
from mlconvert_plugins.tfgraph.layouts import Layout
from mlconvert_plugins.tfgraph.lazy import np, tf

# A size that is known, or a scalar int64 tensor.
Size = Union[int, "tf.Tensor"]
# Vectors of more integers than this are data and no shapes.
_SHAPE_LIKE = 64


class Item:
    """Whatever a name of the ONNX model stands for: a tensor, or what is made of several."""


class Value(Item):
    """A tensor of the ONNX model.

    `constant` is its content where that is known at conversion. `layout` says in which order the axes of a tensor lie
    (see `layouts`); constants are in ONNX's order. `elements` are the entries of a small integer scalar or vector one
    by one, ints where they are known and scalar tensors elsewhere: shapes, while they are computed.
    """

    def __init__(
        self,
        tensor: tf.Tensor | None = None,
        layout: Layout = (),
        *,
        constant: np.ndarray | None = None,
        elements: np.ndarray | None = None,
        dtype: tf.DType | None = None,
    ) -> None:
        self.constant = constant
        self.layout = layout
        self._held = tensor
        self._elements = elements
        self._dtype = dtype
        # Tensors made from this value, by the graph they are in and their layout.
        self._made: dict[tuple[Any, Layout], tf.Tensor] = {}

    @staticmethod
    def of(result: Any) -> Value:
        """A value, tensor or array as a Value; an eager tensor is a constant."""
        if isinstance(result, Value):
            return result
        if isinstance(result, (np.ndarray, np.generic)):
            return Value(constant=np.asarray(result))
        if isinstance(result, tf.__internal__.EagerTensor):
            return Value(constant=np.asarray(result.numpy()))
        return Value(result)

    # --- what it is -----------------------------------------------------------------------------------

    @property
    def dtype(self) -> tf.DType:
        """TensorFlow's type of the elements."""
        if self._dtype is not None:
            return self._dtype
        held: Any = self._held if self.constant is None else self.constant
        return tf.dtypes.as_dtype(held.dtype)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The sizes in ONNX's order, None where one is known only at run time. Raises where the rank is unknown."""
        if self.constant is not None:
            return tuple(self.constant.shape)
        if self._elements is not None:
            return tuple(self._elements.shape)
        assert self._held is not None
        if self._held.shape.rank is None:
            raise ConversionError("the number of dims is known only at run time", code="unknown-rank")
        held = self._held.shape.as_list()
        return tuple(held[place] for place in layouts.inverse(self.layout)) if self.layout else tuple(held)

    @property
    def rank(self) -> int:
        """How many axes it has. Raises ConversionError (`unknown-rank`) where only the run can tell."""
        return len(self.shape)

    @property
    def held(self) -> tf.Tensor | None:
        """The tensor that the graph has for it, its axes lying as `layout` says; None for what is in no graph yet."""
        return self._held

    @property
    def elements(self) -> np.ndarray | None:
        """The entries one by one, as an array of objects; None for what is no small vector of integers."""
        if self._elements is not None or self.constant is None:
            return self._elements
        known = self.constant
        if known.dtype.kind not in "iu" or known.ndim > 1 or known.size > _SHAPE_LIKE:
            return None
        return np.array(known.tolist(), dtype=object)

    def axis(self, axis: int) -> int:
        """The axis counted from the front."""
        return axis + self.rank if axis < 0 else axis

    # --- as tensors -----------------------------------------------------------------------------------

    @property
    def tensor(self) -> tf.Tensor:
        """The tensor in ONNX's order."""
        return self.laid(())

    def laid(self, layout: Layout) -> tf.Tensor:
        """The tensor with its axes in the order of `layout`."""
        graph = weights.current_graph()
        if (graph, layout) not in self._made:
            self._made[graph, layout] = self._make(layout)
        return self._made[graph, layout]

    def _make(self, layout: Layout) -> tf.Tensor:
        if self.constant is not None:
            array = self.constant.transpose(layout) if layout else self.constant
            return weights.constant(np.ascontiguousarray(array).reshape(array.shape))
        if self._elements is not None:
            assert not layout
            return _stacked(self._elements, self.dtype)
        if layout == self.layout:
            return self._held
        permutation = layouts.between(self.layout, layout, len(self.layout or layout))
        return _permuted(self._held, permutation)

    def size(self, axis: int) -> Size:
        """The size of an axis: an int, or where only the run can tell a scalar int64 tensor."""
        known = self.shape[axis]
        if known is not None:
            return known
        place = layouts.inverse(self.layout)[axis] if self.layout else self.axis(axis)
        return tf.shape(self.laid(self.layout), out_type=tf.int64)[place]

    @property
    def sizes(self) -> list[Size]:
        """The sizes of all axes; see `size`."""
        return [self.size(axis) for axis in range(self.rank)]

    @property
    def runtime_shape(self) -> tf.Tensor:
        """The shape as a vector of int64, also where not even the rank is known."""
        return tf.shape(self.tensor, out_type=tf.int64)

    # --- made into others -----------------------------------------------------------------------------

    def map(self, function: Callable[[Any], Any]) -> Value:
        """An elementwise function of the tensor, in whatever order its axes lie."""
        return self.like(function(self.laid(self.layout)))

    def like(self, tensor: tf.Tensor) -> Value:
        """A tensor whose axes lie as this one's do."""
        value = Value.of(tensor)
        return Value(value._held, self.layout) if value.constant is None else value

    def transposed(self, permutation: Sequence[int]) -> Value:
        """ONNX's Transpose, which moves no number until somebody asks for another layout."""
        if self.constant is not None:
            return Value(constant=self.constant.transpose(permutation))
        places = layouts.inverse(permutation)
        layout = [places[axis] for axis in self.layout or range(len(places))]
        return Value(self.laid(self.layout), layouts.canonical(layout))

    def place(self, axis: int) -> int:
        """Where an ONNX axis lies in `laid(self.layout)`."""
        axis = self.axis(axis)
        return layouts.inverse(self.layout)[axis] if self.layout else axis


def in_layout(tensor: tf.Tensor, layout: Layout) -> Value:
    """A tensor whose axes lie in the order of `layout`; an eager one is a constant, which has them in ONNX's."""
    value = Value.of(tensor)
    if value.constant is None or not layout:
        return value if value.constant is not None else Value(tensor, layout)
    return Value(constant=value.constant.transpose(layouts.inverse(layout)))


def _stacked(elements: np.ndarray, dtype: tf.DType) -> tf.Tensor:
    if all(isinstance(element, int) for element in elements.flat):
        return tf.constant(elements.tolist(), dtype, elements.shape)
    if elements.ndim == 0:
        return tf.cast(elements.item(), dtype)
    return tf.stack([tf.cast(element, dtype) for element in elements])


def _permuted(tensor: tf.Tensor, permutation: Layout) -> tf.Tensor:
    shape = tensor.shape.as_list()
    moved = [shape[axis] for axis in permutation]
    if layouts.is_reshape(permutation, shape) and moved.count(None) <= 1 and 0 not in moved:
        return tf.reshape(tensor, [-1 if size is None else size for size in moved])
    return tf.transpose(tensor, permutation)


def as_shape(sizes: Sequence[Size]) -> Any:
    """Sizes as what TensorFlow takes for a shape: a list where all are known, else a vector of int64."""
    if all(isinstance(size, int) for size in sizes):
        return list(sizes)
    return tf.stack([tf.cast(size, tf.int64) for size in sizes])


def reshaped(tensor: tf.Tensor, sizes: list[Size]) -> tf.Tensor:
    """To sizes of which one that is not known can be inferred, so that no shape is needed at run time."""
    unknown = [size for size in sizes if not isinstance(size, int)]
    known = [size for size in sizes if isinstance(size, int)]
    if len(unknown) == 1 and all(size > 0 for size in known):
        return tf.reshape(tensor, [size if isinstance(size, int) else -1 for size in sizes])
    return tf.reshape(tensor, as_shape(sizes))


def shape_of(value: Value) -> Any:
    """The shape that a vector of integers describes, as what TensorFlow takes for one."""
    elements = value.elements
    return value.tensor if elements is None else as_shape(list(elements))


def static_ints(value: Value, what: str) -> list[int]:
    """The integers of a constant. Raises ConversionError (`not-constant`) for what only the run can tell."""
    elements = value.elements
    if elements is None or not all(isinstance(element, int) for element in elements.flat):
        raise ConversionError(f"{what} must be constant", code="not-constant")
    return [int(element) for element in elements.flat]

"""Windows that slide over spatial axes, as convolutions and pooling have them: pads, strides, dilations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlconvert.errors import ConversionError
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.values import Size, Value, as_shape

Pads = list[tuple[Size, Size]]
NO_PADS: Pads = [(0, 0)]
_AUTO_PADS = ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")


@dataclass(frozen=True)
class Window:
    """A window over the spatial axes: its size, step and spread along each of them, and how the edges are padded."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    auto_pad: str
    pads: tuple[int, ...]

    @staticmethod
    def of(
        kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int], auto_pad: str, pads: Sequence[int]
    ) -> Window:
        """With ONNX's defaults for what is left out. Raises ConversionError for a way to pad that ONNX has not."""
        if auto_pad and auto_pad not in _AUTO_PADS:
            raise ConversionError(f"auto_pad={auto_pad} is not supported", code="unsupported-op")
        ones = (1,) * len(kernel)
        zeros = (0,) * (2 * len(kernel))
        return Window(
            tuple(kernel), tuple(strides) or ones, tuple(dilations) or ones, auto_pad or "NOTSET", tuple(pads) or zeros
        )

    @property
    def extents(self) -> list[int]:
        """What the window covers along each axis."""
        return [(size - 1) * spread + 1 for size, spread in zip(self.kernel, self.dilations, strict=True)]

    def padding(self, x: Value) -> Pads:
        """What to add before and behind each spatial axis of `x`, which has ONNX's order: batch, channels, spatial."""
        rank = len(self.kernel)
        if self.auto_pad == "VALID":
            return NO_PADS * rank
        if self.auto_pad == "NOTSET":
            return list(zip(self.pads[:rank], self.pads[rank:], strict=True))
        return [self._same(x.size(axis + 2), axis) for axis in range(rank)]

    def is_same(self, sizes: Sequence[int | None], pads: Pads) -> bool:
        """Whether these pads are what TensorFlow's SAME adds to axes of these sizes."""
        upper = Window(self.kernel, self.strides, self.dilations, "SAME_UPPER", ())
        # With a step of 1 they do not depend on the size.
        known = [1 if stride == 1 else size for stride, size in zip(self.strides, sizes, strict=True)]
        return all(size is not None and upper._same(size, axis) == pads[axis] for axis, size in enumerate(known))

    def _same(self, size: Size, axis: int) -> tuple[Size, Size]:
        """What makes the output as large as the input over the stride, rounded up; the odd one goes where it says."""
        stride, extent = self.strides[axis], self.extents[axis]
        missing = ((size + stride - 1) // stride - 1) * stride + extent - size
        whole = max(missing, 0) if isinstance(missing, int) else tf.maximum(missing, 0)
        half = whole // 2
        return (half, whole - half) if self.auto_pad == "SAME_UPPER" else (whole - half, half)


def kernel_of(w: Value, kernel_shape: Sequence[int]) -> Sequence[int]:
    """The spatial sizes of weights, from the attribute where they are no constant. Raises `not-constant`."""
    sizes = [size for size in w.shape[2:] if size is not None]
    if len(sizes) < w.rank - 2 and not kernel_shape:
        raise ConversionError("the size of its kernel is known only at run time", code="not-constant")
    return kernel_shape or sizes


def padded(tensor: tf.Tensor, pads: Pads, value: object = 0) -> tf.Tensor:
    """A channels-last tensor with its spatial axes padded."""
    if are_none(pads):
        return tensor
    amounts = [[0, 0], *pads, [0, 0]]
    flat = as_shape([size for pair in amounts for size in pair])
    return tf.pad(tensor, tf.reshape(flat, [-1, 2]), constant_values=tf.cast(value, tensor.dtype))


def are_none(pads: Pads) -> bool:
    """Whether it is known that there are no pads."""
    return all(isinstance(size, int) and size == 0 for pair in pads for size in pair)


def is_static(pads: Pads) -> bool:
    """Whether all pads are known, and none cuts off."""
    return all(isinstance(size, int) and size >= 0 for pair in pads for size in pair)

"""Convolutions, in channels-last order: TensorFlow's kernels on the CPU take no other without oneDNN."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlconvert_plugins.tfgraph.kernels import WIDE_FLOATS, widened
from mlconvert_plugins.tfgraph.layouts import channels_last
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.ops.matmul import product
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value, as_shape
from mlconvert_plugins.tfgraph.windows import NO_PADS, Pads, Window, is_static, kernel_of, padded

# The attributes of every convolution.
CONV = ("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides")
# At no more places than these a window of one place is a matrix product: oneDNN takes longer to set a convolution up.
_FEW_PLACES = 256


@op("Conv", since=(1, 11, 22))
def conv(
    x: Value,
    w: Value,
    b: Value | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Sequence[int] = (),
    group: int = 1,
    kernel_shape: Sequence[int] = (),
    pads: Sequence[int] = (),
    strides: Sequence[int] = (),
) -> Value:
    """Weights [out, in / group, spatial...] become [spatial..., in / group, out]."""
    window = Window.of(kernel_of(w, kernel_shape), strides, dilations, auto_pad, pads)
    layout = channels_last(x.rank)
    edges = window.padding(x)
    if group == 1 and _is_small_product(window, edges, x.shape[2:]):
        found = _product(x.laid(layout), w)
        return Value(found if b is None else found + b.tensor, layout)
    found = _convolved(x.laid(layout), w, window, edges, group)
    if b is not None:
        # TensorFlow fuses BiasAdd with the convolution, and without oneDNN its fused kernel takes no groups.
        fuses = found.dtype.is_floating and (group == 1 or _is_depthwise(w, window, group))
        found = tf.nn.bias_add(found, b.tensor) if fuses else found + b.tensor
    return Value(found, layout)


def _is_small_product(window: Window, pads: Pads, sizes: Sequence[int | None]) -> bool:
    if None in sizes or math.prod(size or 0 for size in sizes) > _FEW_PLACES:
        return False
    return {*window.kernel, *window.strides} == {1} and pads == NO_PADS * len(pads)


def _product(x: tf.Tensor, w: Value) -> tf.Tensor:
    """The product ends in a reshape, behind which TensorFlow does not fuse a bias into it: oneDNN's fused product packs
    the weights at each call."""
    matrix = w.transposed((1, 0, *range(2, w.rank)))
    if matrix.constant is not None:
        return product(Value(x), Value(constant=matrix.constant.reshape(matrix.constant.shape[:2]))).tensor
    return product(Value(x), Value(tf.reshape(matrix.tensor, as_shape(matrix.sizes[:2])))).tensor


def _convolved(x: tf.Tensor, w: Value, window: Window, pads: Pads, group: int) -> tf.Tensor:
    """The convolution of a channels-last tensor, over one, two or three spatial axes."""
    rank = len(window.kernel)
    if rank == 1:
        flat = Window((1, *window.kernel), (1, *window.strides), (1, *window.dilations), "NOTSET", ())
        wide = Value(constant=w.constant[:, :, None]) if w.constant is not None else Value(w.tensor[:, :, None])
        return tf.squeeze(_convolved(x[:, None], wide, flat, NO_PADS + pads, group), 1)
    if _is_depthwise(w, window, group):
        return _depthwise(x, w, window, pads, group)
    filters = w.transposed((*range(2, rank + 2), 1, 0)).tensor
    if rank > 2:
        x, pads = padded(x, pads), NO_PADS * rank
    if rank > 2 and group > 1:
        parts = zip(tf.split(x, group, -1), tf.split(filters, group, -1), strict=True)
        return tf.concat([_kernel(part, some, window, pads) for part, some in parts], -1)
    return _kernel(x, filters, window, pads)


def _kernel(x: tf.Tensor, filters: tf.Tensor, window: Window, pads: Pads) -> tf.Tensor:
    if not is_static(pads):
        x, pads = padded(x, pads), NO_PADS * len(pads)
    padding = "VALID" if pads == NO_PADS * len(pads) else [[0, 0], *map(list, pads), [0, 0]]
    strides, dilations = [1, *window.strides, 1], [1, *window.dilations, 1]
    if len(window.kernel) > 2:
        strided = widened(lambda t, f: tf.nn.conv3d(t, f, strides, padding, dilations=dilations), WIDE_FLOATS)
    else:
        strided = widened(
            lambda t, f: tf.nn.conv2d(t, f, strides, padding, dilations=dilations), (*WIDE_FLOATS, "int32")
        )
    return strided(x, filters)


def _is_depthwise(w: Value, window: Window, group: int) -> bool:
    """Whether TensorFlow's depthwise kernel takes it: it has one stride for both axes, and no dilation."""
    fits = len(window.kernel) == 2 and len(set(window.strides)) == 1 and set(window.dilations) == {1}
    return fits and group > 1 and w.shape[1] == 1


def _depthwise(x: tf.Tensor, w: Value, window: Window, pads: Pads, group: int) -> tf.Tensor:
    """One filter or several for each channel: [group * n, 1, h, w] becomes [h, w, group, n]."""
    # TensorFlow's fusion with the bias drops explicit pads, and then aborts the process.
    padding = "SAME" if window.is_same(x.shape[1:3], pads) else "VALID"
    if padding == "VALID":
        x = padded(x, pads)
    filters = w.transposed((2, 3, 1, 0))
    shape = [*window.kernel, group, -1]
    if filters.constant is not None:
        shaped = Value(constant=filters.constant.reshape(shape)).tensor
    else:
        shaped = tf.reshape(filters.tensor, shape)
    strides = [1, *window.strides, 1]
    return widened(lambda t, f: tf.nn.depthwise_conv2d(t, f, strides, padding), WIDE_FLOATS)(x, shaped)

"""Transposed convolutions, in channels-last order, and windows summed back into the image they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mlconvert_plugins.tfgraph.kernels import FLOATS, widened
from mlconvert_plugins.tfgraph.layouts import channels_last
from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Size, Value, as_shape
from mlconvert_plugins.tfgraph.windows import Pads, Window, kernel_of, padded


@op("ConvTranspose", since=(1, 11, 22))
def conv_transpose(
    x: Value,
    w: Value,
    b: Value | None = None,
    *,
    node: Node,
    auto_pad: str = "NOTSET",
    dilations: Sequence[int] = (),
    group: int = 1,
    kernel_shape: Sequence[int] = (),
    output_padding: Sequence[int] = (),
    output_shape: Sequence[int] = (),
    pads: Sequence[int] = (),
    strides: Sequence[int] = (),
) -> Value:
    """Weights [in, out / group, spatial...] become [spatial..., out / group, in]."""
    rank = x.rank - 2
    if not 1 <= rank <= 3:
        raise node.refusal(f"{rank} spatial axes are not supported")
    window = Window.of(kernel_of(w, kernel_shape), strides, dilations, auto_pad, pads)
    more = list(output_padding) or [0] * rank
    edges = _edges(x, window, more, list(output_shape)[-rank:])
    layout = channels_last(x.rank)
    tensor, filters = x.laid(layout), _spread(w, window.dilations)
    window = replace(window, kernel=tuple(window.extents), dilations=(1,) * rank)
    if rank == 1:
        tensor, filters = tensor[:, None], _unsqueezed(filters)
        window = replace(window, kernel=(1, *window.kernel), strides=(1, *window.strides))
    found = _grouped(tensor, filters, window, group)
    if rank == 1:
        found = tf.squeeze(found, 1)
    found = _cut(found, edges)
    if b is not None:
        found = tf.nn.bias_add(found, b.tensor)
    return Value(found, layout)


def _edges(x: Value, window: Window, more: Sequence[int], wanted: Sequence[int]) -> Pads:
    """What to cut off before and behind each spatial axis of the whole result; where negative, zeros are added."""
    found: Pads = []
    rank = len(window.kernel)
    for axis, extent in enumerate(window.extents):
        stride = window.strides[axis]
        if wanted:
            total: Size = (x.size(axis + 2) - 1) * stride + more[axis] + extent - wanted[axis]
        elif window.auto_pad.startswith("SAME"):
            # ONNX Runtime adds nothing where windows leave gaps.
            total = max(extent - stride + more[axis], 0)
        else:
            before, after = (window.pads[axis], window.pads[rank + axis]) if window.auto_pad == "NOTSET" else (0, 0)
            found.append((before, after - more[axis]))
            continue
        half = total // 2
        before, after = (half, total - half) if window.auto_pad == "SAME_UPPER" else (total - half, half)
        found.append((before, after - more[axis]))
    return found


def _spread(w: Value, dilations: Sequence[int]) -> Value:
    """The filters with zeros between their taps: TensorFlow's kernels on the CPU take no dilation here."""
    if set(dilations) == {1}:
        return w
    if w.constant is not None:
        sizes = [(size - 1) * step + 1 for size, step in zip(w.constant.shape[2:], dilations, strict=True)]
        spread = np.zeros((*w.constant.shape[:2], *sizes), w.constant.dtype)
        taps: list[Any] = [slice(None, None, step) for step in dilations]
        spread[(..., *taps)] = w.constant
        return Value(constant=spread)
    tensor = w.tensor
    for axis, step in enumerate(dilations, 2):
        shape = tensor.shape.as_list()
        behind = [[0, step - 1 if place == axis + 1 else 0] for place in range(w.rank + 1)]
        apart = tf.pad(tf.expand_dims(tensor, axis + 1), behind)
        joined = tf.reshape(apart, [*shape[:axis], shape[axis] * step, *shape[axis + 1 :]])
        tensor = tf.gather(joined, tf.range((shape[axis] - 1) * step + 1), axis=axis)
    return Value(tensor)


def _unsqueezed(w: Value) -> Value:
    return Value(constant=w.constant[:, :, None]) if w.constant is not None else Value(w.tensor[:, :, None])


def _grouped(x: tf.Tensor, w: Value, window: Window, group: int) -> tf.Tensor:
    if group == 1:
        return _whole(x, w, window)
    if len(window.kernel) == 2 and w.shape[:2] == (group, 1) and len(set(window.strides)) == 1:
        return _depthwise(x, w, window, group)
    if w.constant is not None:
        filters = [Value(constant=part) for part in np.split(w.constant, group)]
    else:
        filters = [Value(part) for part in tf.split(w.tensor, group)]
    parts = zip(tf.split(x, group, -1), filters, strict=True)
    return tf.concat([_whole(part, some, window) for part, some in parts], -1)


def _whole(x: tf.Tensor, w: Value, window: Window) -> tf.Tensor:
    """All that any window reaches, padding included."""
    rank = len(window.kernel)
    filters = w.transposed((*range(2, rank + 2), 1, 0)).tensor
    sizes = _sizes(x, window, w.shape[1])
    strides = [1, *window.strides, 1]
    transposed = tf.nn.conv2d_transpose if rank == 2 else tf.nn.conv3d_transpose
    return widened(lambda t, f: transposed(t, f, sizes, strides, "VALID"), FLOATS)(x, filters)


def _depthwise(x: tf.Tensor, w: Value, window: Window, group: int) -> tf.Tensor:
    filters = w.transposed((2, 3, 0, 1)).tensor
    sizes, strides = _sizes(x, window, group), [1, *window.strides, 1]
    backwards = tf.nn.depthwise_conv2d_backprop_input
    return widened(lambda t, f: backwards(sizes, f, t, strides, "VALID"), FLOATS)(x, filters)


def _sizes(x: tf.Tensor, window: Window, channels: Any) -> Any:
    value = Value(x)
    steps = zip(window.strides, window.kernel, strict=True)
    spatial = [(value.size(axis) - 1) * stride + extent for axis, (stride, extent) in enumerate(steps, 1)]
    return tf.cast(as_shape([value.size(0), *spatial, channels]), tf.int32)


def _cut(x: tf.Tensor, edges: Pads) -> tf.Tensor:
    """Without what lies in the padding, and with zeros where the result is larger than what windows reach."""
    value = Value(x)
    cut = [(_clipped(before), _clipped(after)) for before, after in edges]
    if any(not isinstance(size, int) or size for pair in cut for size in pair):
        ends = [value.size(axis) - after for axis, (_, after) in enumerate(cut, 1)]
        spatial = [slice(before, end) for (before, _), end in zip(cut, ends, strict=True)]
        x = x[(slice(None), *spatial)]
    return padded(x, [(_clipped(-before), _clipped(-after)) for before, after in edges])


def _clipped(size: Size) -> Size:
    return max(size, 0) if isinstance(size, int) else tf.maximum(size, 0)

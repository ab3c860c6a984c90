"""Resizing, one axis after another; images by TensorFlow's own kernels where these compute the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mlconvert_plugins.tfgraph.interpolation import (
    HALF_PIXEL,
    Axis,
    Number,
    Rule,
    is_kernels_linear,
    is_kernels_nearest,
    resized,
)
from mlconvert_plugins.tfgraph.kernels import FLOATS
from mlconvert_plugins.tfgraph.layouts import channels_last
from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Size, Value, as_shape

_NEAREST = (*FLOATS, "int8", "uint8", "int16", "uint16", "int32", "int64")
_BILINEAR = ("float32", "float16", "bfloat16")


# The values of attributes, as ONNX lists them.
_ONLY = {
    "mode": ("nearest", "linear", "cubic"),
    "coordinate_transformation_mode": (
        *HALF_PIXEL,
        "asymmetric",
        "align_corners",
        "tf_half_pixel_for_nn",
        "tf_crop_and_resize",
    ),
    "nearest_mode": ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
    "keep_aspect_ratio_policy": ("stretch", "not_larger", "not_smaller"),
}


@op("Upsample", since=(7,), only={"mode": ("nearest", "linear", "bilinear")})
def upsample_7(x: Value, *, scales: Sequence[float], mode: str = "nearest") -> Value:
    """Scales by attribute."""
    return upsample(x, Value(constant=np.array(scales, np.float32)), mode=mode)


@op("Upsample", since=(9, 10), only={"mode": ("nearest", "linear", "bilinear")})
@op("Resize", since=(10,), only={"mode": ("nearest", "linear", "bilinear")})
def upsample(x: Value, scales: Value, *, mode: str = "nearest") -> Value:
    """Positions are divided by the scale."""
    rule = Rule(mode="linear" if mode == "bilinear" else mode, coordinates="asymmetric", nearest="simple")
    return _resized(x, _by_scales(x, range(x.rank), scales), rule)


@op("Resize", since=(11, 13, 18, 19), only=_ONLY)
def resize(
    x: Value,
    roi: Value | None = None,
    scales: Value | None = None,
    sizes: Value | None = None,
    *,
    antialias: int = 0,
    axes: Sequence[int] | None = None,
    coordinate_transformation_mode: str = "half_pixel",
    cubic_coeff_a: float = -0.75,
    exclude_outside: int = 0,
    extrapolation_value: float = 0.0,
    keep_aspect_ratio_policy: str = "stretch",
    mode: str = "nearest",
    nearest_mode: str = "round_prefer_floor",
) -> Value:
    """By scales or to sizes, of all axes or some."""
    rule = Rule(
        mode=mode,
        coordinates=coordinate_transformation_mode,
        nearest=nearest_mode,
        cubic=cubic_coeff_a,
        exclude_outside=bool(exclude_outside),
        antialias=bool(antialias),
        extrapolation=extrapolation_value,
    )
    chosen = range(x.rank) if axes is None else [x.axis(axis) for axis in axes]
    if sizes is not None and sizes.shape != (0,):
        found = _by_sizes(x, chosen, sizes, keep_aspect_ratio_policy)
    elif scales is not None:
        found = _by_scales(x, chosen, scales)
    else:
        raise ValueError("it has neither scales nor sizes")
    if rule.coordinates == "tf_crop_and_resize":
        if roi is None:
            raise ValueError("tf_crop_and_resize needs a roi")
        bounds = _numbers(roi, 2 * len(chosen))
        pairs = zip(bounds[: len(chosen)], bounds[len(chosen) :], strict=True)
        found = [_part(axis, *pair) for axis, pair in zip(found, pairs, strict=True)]
    return _resized(x, found, rule)


def _part(axis: Axis, start: Number, end: Number) -> Axis:
    return Axis(axis.number, axis.source, axis.target, axis.scale, start, end)


def _numbers(value: Value, count: int) -> list[Number]:
    """The entries of a vector of floats, known ones as floats."""
    if value.constant is not None:
        return [float(number) for number in value.constant]
    return list(tf.unstack(tf.cast(value.tensor, tf.float32), count))


def _by_scales(x: Value, axes: Sequence[int], scales: Value) -> list[Axis]:
    found = []
    for number, scale in zip(axes, _numbers(scales, len(axes)), strict=True):
        source = x.size(number)
        if isinstance(scale, float) and scale == 1:
            target = source
        elif isinstance(scale, float) and isinstance(source, int):
            target = int(np.float32(source) * np.float32(scale))
        else:
            target = tf.cast(tf.cast(source, tf.float32) * scale, tf.int64)
        found.append(Axis(number, source, target, scale))
    return found


def _by_sizes(x: Value, axes: Sequence[int], sizes: Value, policy: str) -> list[Axis]:
    entries: Sequence[Any] = tf.unstack(sizes.tensor, len(axes)) if sizes.elements is None else list(sizes.elements)
    found = []
    for number, target in zip(axes, entries, strict=True):
        source = x.size(number)
        own = _is_own_size(x, number, target)
        found.append(Axis(number, source, source if own else target, 1.0 if own else _ratio(target, source)))
    if policy == "stretch":
        return found
    scales = [axis.scale for axis in found]
    if all(isinstance(scale, float) for scale in scales):
        scale = min(scales) if policy == "not_larger" else max(scales)
    else:
        scale = (tf.reduce_min if policy == "not_larger" else tf.reduce_max)(tf.stack(scales))
    return [Axis(axis.number, axis.source, _scaled(axis.source, scale), scale) for axis in found]


def _ratio(target: Size, source: Size) -> Number:
    if isinstance(target, int) and isinstance(source, int):
        return float(np.float32(target) / np.float32(source))
    return tf.cast(target, tf.float32) / tf.cast(source, tf.float32)


def _scaled(source: Size, scale: Number) -> Size:
    if isinstance(source, int) and isinstance(scale, float):
        return int(np.floor(source * scale + 0.5))
    return tf.cast(tf.floor(tf.cast(source, tf.float32) * scale + 0.5), tf.int64)


def _is_own_size(x: Value, axis: int, size: Any) -> bool:
    """Whether a size that only the run can tell was read off this very axis, as exporters do with the batch."""
    if isinstance(size, int) or size.op.type != "StridedSlice" or x.shape[axis] is not None:
        return isinstance(size, int) and size == x.shape[axis]
    shape, begin = size.op.inputs[:2]
    places = tf.get_static_value(begin)
    of_x = shape.op.type == "Shape" and shape.op.inputs[0] is x.laid(x.layout)
    return bool(of_x and places is not None and places.tolist() == [x.place(axis)])


def _resized(x: Value, axes: Sequence[Axis], rule: Rule) -> Value:
    changed = [axis for axis in axes if not axis.is_unchanged(rule)]
    if not changed:
        return x
    layout = channels_last(x.rank)
    tensor = x.laid(layout)
    kernel = _kernel(x, changed, rule)
    if kernel is not None:
        sizes = {2: x.size(2), 3: x.size(3), **{axis.number: axis.target for axis in changed}}
        return Value(kernel(tensor, tf.cast(as_shape([sizes[2], sizes[3]]), tf.int32)), layout)
    if rule.mode != "nearest" and x.dtype != tf.float64:
        tensor = tf.cast(tensor, tf.float32)
    for axis in changed:
        tensor = resized(tensor, layout.index(axis.number) if layout else axis.number, axis, rule)
    if x.dtype.is_integer and rule.mode == "cubic":
        tensor = tf.clip_by_value(tensor, float(x.dtype.min), float(x.dtype.max))
    return Value(tf.cast(tensor, x.dtype), layout)


def _kernel(x: Value, axes: Sequence[Axis], rule: Rule) -> Callable[..., Any] | None:
    """TensorFlow's kernel for batches of images that computes the same, None where none does."""
    if x.rank != 4 or not {axis.number for axis in axes} <= {2, 3}:
        return None
    if rule.mode == "nearest" and x.dtype.name in _NEAREST and all(is_kernels_nearest(axis, rule) for axis in axes):
        return lambda t, size: tf.raw_ops.ResizeNearestNeighbor(images=t, size=size)
    if rule.mode == "linear" and x.dtype.name in _BILINEAR and all(is_kernels_linear(axis, rule) for axis in axes):
        details = {"align_corners": rule.coordinates == "align_corners"}
        details["half_pixel_centers"] = rule.coordinates in HALF_PIXEL
        return lambda t, size: tf.cast(tf.raw_ops.ResizeBilinear(images=t, size=size, **details), x.dtype)
    return None

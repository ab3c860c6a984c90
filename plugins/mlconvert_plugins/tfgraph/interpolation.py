"""Interpolation along one axis: which elements of the source make up each element of the result, and their weights.

The formulas are those of ONNX's Resize; positions are computed in float32, as ONNX Runtime does, so that ties fall the
same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.values import Size, Value

# Where positions are those of the middles of elements.
HALF_PIXEL = ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric")
# A number that is known, or a scalar float32 tensor.
Number = Union[float, "tf.Tensor"]


@dataclass(frozen=True)
class Rule:
    """How positions of the result become positions of the source, and what lies between elements. See ONNX's Resize."""

    mode: str = "nearest"
    coordinates: str = "half_pixel"
    nearest: str = "round_prefer_floor"
    cubic: float = -0.75
    exclude_outside: bool = False
    antialias: bool = False
    extrapolation: float = 0.0


@dataclass(frozen=True)
class Axis:
    """An axis to be resized: sizes, the scale that positions follow, and the part of the source to take."""

    number: int
    source: Size
    target: Size
    scale: Number
    start: Number = 0.0
    end: Number = 1.0

    @property
    def is_static(self) -> bool:
        """Whether everything is known at conversion."""
        known = (self.source, self.target, self.scale, self.start, self.end)
        return all(isinstance(one, (int, float)) for one in known)

    def is_unchanged(self, rule: Rule) -> bool:
        """Whether every element stays where it is."""
        if not isinstance(self.scale, float) or self.scale != 1:
            return False
        if self.target is not self.source and not (isinstance(self.target, int) and self.target == self.source):
            return False
        return rule.coordinates != "tf_crop_and_resize" or (self.start, self.end) == (0.0, 1.0)


def resized(x: tf.Tensor, place: int, axis: Axis, rule: Rule) -> tf.Tensor:
    """The tensor with the axis at `place` resized; linear and cubic interpolation need floating tensors."""
    if rule.mode == "nearest":
        found = tf.gather(x, _known(axis, lambda: nearest(axis, rule)), axis=place)
    else:
        indices, weights = _known(axis, lambda: taps(axis, rule))
        trailing = len(x.shape) - place - 1
        shaped = tf.reshape(tf.cast(weights, x.dtype), tf.concat([tf.shape(weights), [1] * trailing], 0))
        found = tf.reduce_sum(tf.gather(x, indices, axis=place) * shaped, place + 1)
    if rule.coordinates != "tf_crop_and_resize":
        return found
    outside = _known(axis, lambda: _outside(axis, rule))
    shape = tf.concat([[1] * place, tf.shape(outside), [1] * (len(x.shape) - place - 1)], 0)
    return tf.where(tf.reshape(outside, shape), tf.cast(rule.extrapolation, x.dtype), found)


def _known(axis: Axis, make: Any) -> Any:
    """What `make` computes, as constants where the axis is known."""
    if not axis.is_static:
        return make()
    with tf.init_scope():
        made = make()
    if isinstance(made, tuple):
        return tuple(Value.of(one).tensor for one in made)
    return Value.of(made).tensor


def _float(number: Any) -> tf.Tensor:
    return tf.cast(number, tf.float32)


def positions(axis: Axis, rule: Rule) -> tf.Tensor:
    """Where each element of the result lies in the source: float32 [target]."""
    x = _float(tf.range(axis.target))
    source, target, scale = _float(axis.source), _float(axis.target), _float(axis.scale)
    half_pixel = (x + 0.5) / scale - 0.5
    match rule.coordinates:
        case "half_pixel":
            return half_pixel
        case "pytorch_half_pixel":
            return tf.where(target > 1, half_pixel, 0.0)
        case "asymmetric":
            return x / scale
        case "tf_half_pixel_for_nn":
            return (x + 0.5) / scale
        case "align_corners":
            return tf.where(target > 1, x * (source - 1) / tf.maximum(target - 1, 1.0), 0.0)
        case "half_pixel_symmetric":
            return source / 2 * (1 - target / (scale * source)) + half_pixel
    start, end = _float(axis.start), _float(axis.end)
    spread = start * (source - 1) + x * (end - start) * (source - 1) / tf.maximum(target - 1, 1.0)
    return tf.where(target > 1, spread, 0.5 * (start + end) * (source - 1))


def _outside(axis: Axis, rule: Rule) -> tf.Tensor:
    x = positions(axis, rule)
    return (x < 0) | (x > _float(axis.source) - 1)


def nearest(axis: Axis, rule: Rule) -> tf.Tensor:
    """The index of the nearest element: int64 [target]."""
    x = positions(axis, rule)
    rounded = {
        "round_prefer_floor": lambda: tf.math.ceil(x - 0.5),
        "round_prefer_ceil": lambda: tf.floor(x + 0.5),
        "floor": lambda: tf.floor(x),
        "ceil": lambda: tf.math.ceil(x),
        # Before opset 11, by ONNX Runtime: up where the axis shrinks.
        "simple": lambda: tf.where(_float(axis.scale) < 1, tf.math.ceil(x), tf.floor(x)),
    }[rule.nearest]()
    return _inside(tf.cast(rounded, tf.int64), axis)


def _inside(indices: tf.Tensor, axis: Axis) -> tf.Tensor:
    return tf.clip_by_value(indices, tf.constant(0, tf.int64), tf.cast(axis.source, tf.int64) - 1)


def taps(axis: Axis, rule: Rule) -> tuple[tf.Tensor, tf.Tensor]:
    """Indices int64 and weights float32 of the elements to sum up: both [target, taps]."""
    x = positions(axis, rule)[:, None]
    reach = 2.0 if rule.mode == "cubic" else 1.0
    shrink = tf.minimum(_float(axis.scale), 1.0) if rule.antialias else _float(1.0)
    first = tf.floor(-reach / shrink) + 1
    offsets = tf.range(first, 2 - first)
    indices = tf.floor(x) + offsets
    distance = tf.abs(offsets - (x - tf.floor(x))) * shrink
    weights = cubic(distance, rule.cubic) if rule.mode == "cubic" else tf.maximum(1 - distance, 0.0)
    inside = _inside(tf.cast(indices, tf.int64), axis)
    if rule.exclude_outside:
        weights = tf.where(tf.equal(_float(inside), indices), weights, 0.0)
    if rule.exclude_outside or rule.antialias:
        weights = tf.math.divide_no_nan(weights, tf.reduce_sum(weights, -1, keepdims=True))
    return inside, weights


def cubic(distance: tf.Tensor, a: float) -> tf.Tensor:
    """The weight of an element at a distance from 0 to 2 (Keys 1981, eq. 4)."""
    near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return tf.where(distance <= 1, near, tf.where(distance < 2, far, tf.zeros_like(far)))


def is_kernels_nearest(axis: Axis, rule: Rule) -> bool:
    """Whether TensorFlow's ResizeNearestNeighbor takes the same elements: floor(i * source / target) in float32."""
    if axis.is_static and rule.coordinates != "tf_crop_and_resize":
        with tf.init_scope():
            wanted = nearest(axis, rule).numpy()
        ratio = np.float32(axis.source) / np.float32(axis.target)
        found = np.floor(np.arange(axis.target, dtype=np.float32) * ratio).astype(np.int64)
        return bool(np.array_equal(wanted, np.minimum(found, axis.source - 1)))
    doubling = isinstance(axis.scale, float) and axis.scale >= 1 and np.frexp(axis.scale)[0] == 0.5
    whole = rule.coordinates == "half_pixel" and rule.nearest.startswith("round")
    return bool(doubling and (whole or (rule.coordinates == "asymmetric" and rule.nearest in ("floor", "simple"))))


def is_kernels_linear(axis: Axis, rule: Rule) -> bool:
    """Whether TensorFlow's ResizeBilinear interpolates at the same positions: by the ratio of the sizes."""
    if rule.antialias or rule.exclude_outside or rule.coordinates not in (*HALF_PIXEL, "asymmetric", "align_corners"):
        return False
    if rule.coordinates == "align_corners":
        return True
    if isinstance(axis.target, int) and isinstance(axis.source, int) and isinstance(axis.scale, float):
        return axis.target > 1 and axis.target == np.float32(axis.source) * np.float32(axis.scale)
    return isinstance(axis.scale, float) and axis.scale > 1 and axis.scale.is_integer()

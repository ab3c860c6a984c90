"""What detectors are made of: boxes, and what lies inside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.sampling import weighted
from mlconvert_plugins.tfgraph.values import Value

_POOLED = ("avg", "max")


@op("NonMaxSuppression", since=(10, 11))
def non_max_suppression(
    boxes: Value,
    scores: Value,
    max_output: Value | None = None,
    iou: Value | None = None,
    score: Value | None = None,
    *,
    center_point_box: int = 0,
) -> Value:
    """The boxes to keep as [batch, class, box], of each class by itself and the best of it first."""
    corners = _corners(boxes.tensor) if center_point_box else boxes.tensor
    found = tf.shape(scores.tensor)
    limit = tf.minimum(_scalar(max_output, 0, tf.int64), tf.cast(found[2], tf.int64))
    limit = tf.cast(tf.maximum(limit, 0), tf.int32)
    threshold = _scalar(iou, 0.0, tf.float32)
    least = _scalar(score, 0.0, tf.float32) if score is not None else tf.constant(float("-inf"))

    def of_class(place: tf.Tensor) -> tf.Tensor:
        batch, kind = place // found[1], place % found[1]
        kept, count = tf.raw_ops.NonMaxSuppressionV4(
            boxes=corners[batch],
            scores=scores.tensor[batch, kind],
            max_output_size=limit,
            iou_threshold=threshold,
            score_threshold=least,
            pad_to_max_output_size=True,
        )
        named = tf.stack([tf.fill([limit], batch), tf.fill([limit], kind), kept], -1)
        return tf.where((tf.range(limit) < count)[:, None], named, -1)

    spec = tf.TensorSpec([None, 3], tf.int32)
    all_kept = tf.map_fn(of_class, tf.range(found[0] * found[1]), fn_output_signature=spec)
    rows = tf.reshape(all_kept, [-1, 3])
    return Value(tf.cast(tf.boolean_mask(rows, rows[:, 0] >= 0), tf.int64))


def _corners(boxes: tf.Tensor) -> tf.Tensor:
    """Boxes by middle and size (x, y, width, height) as corners y, x, y, x."""
    x, y, width, height = tf.unstack(boxes, 4, -1)
    return tf.stack([y - height / 2, x - width / 2, y + height / 2, x + width / 2], -1)


def _scalar(value: Value | None, default: float, dtype: Any) -> tf.Tensor:
    return tf.constant(default, dtype) if value is None else tf.cast(tf.reshape(value.tensor, [-1])[0], dtype)


@op("RoiAlign", since=(10,), only={"mode": _POOLED})
def roi_align_10(
    x: Value,
    rois: Value,
    batches: Value,
    *,
    mode: str = "avg",
    output_height: int = 1,
    output_width: int = 1,
    sampling_ratio: int = 0,
    spatial_scale: float = 1.0,
) -> Value:
    """Pixels are counted from their edges."""
    size = (output_height, output_width)
    return _aligned(x, rois, batches, mode, size, sampling_ratio, spatial_scale, half_pixel=False)


@op(
    "RoiAlign",
    since=(16, 22),
    only={"mode": _POOLED, "coordinate_transformation_mode": ("half_pixel", "output_half_pixel")},
)
def roi_align(
    x: Value,
    rois: Value,
    batches: Value,
    *,
    coordinate_transformation_mode: str = "half_pixel",
    mode: str = "avg",
    output_height: int = 1,
    output_width: int = 1,
    sampling_ratio: int = 0,
    spatial_scale: float = 1.0,
) -> Value:
    """Pixels are counted from their middles, or as before version 16."""
    half_pixel = coordinate_transformation_mode == "half_pixel"
    size = (output_height, output_width)
    return _aligned(x, rois, batches, mode, size, sampling_ratio, spatial_scale, half_pixel)


def _aligned(
    x: Value,
    rois: Value,
    batches: Value,
    mode: str,
    size: tuple[int, int],
    ratio: int,
    scale: float,
    half_pixel: bool,
) -> Value:
    """Means or maxima over samples in each bin of each region (He et al. 2017): [regions, channels, height, width].

    How many samples a bin has may depend on the region, so regions are walked one by one.
    """
    image = x.laid((0, 2, 3, 1))
    limits = tf.cast(tf.shape(image)[1:3], x.dtype)
    shift = 0.5 if half_pixel else 0.0

    def of_region(given: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        region, batch = given
        edges = region * tf.cast(scale, x.dtype) - shift
        start, end = edges[1::-1], edges[:1:-1]
        extent = end - start if half_pixel else tf.maximum(end - start, 1)
        bins = extent / tf.constant(size, x.dtype)
        counts = [ratio, ratio] if ratio > 0 else tf.unstack(tf.cast(tf.math.ceil(bins), tf.int32), 2)
        axes = [_samples(start[axis], bins[axis], size[axis], counts[axis]) for axis in range(2)]
        points = tf.reshape(tf.stack(tf.meshgrid(*axes, indexing="ij"), -1), [1, -1, 2])
        inside = tf.reduce_all((points >= -1) & (points <= limits), -1, keepdims=True)
        corners = list(weighted(image[batch][None], tf.clip_by_value(points, 0, limits - 1), "linear", "border", True))
        # By ONNX's definition the maximum is over the weighted pixels, not over the samples.
        pixels = tf.where(inside, tf.add_n(corners) if mode == "avg" else tf.reduce_max(corners, 0), 0)
        shaped = tf.reshape(pixels, tf.stack([size[0], counts[0], size[1], counts[1], tf.shape(image)[3]]))
        return tf.reduce_mean(shaped, [1, 3]) if mode == "avg" else tf.reduce_max(shaped, [1, 3])

    spec = tf.TensorSpec([*size, x.shape[1]], x.dtype)
    found = tf.map_fn(of_region, (rois.tensor, tf.cast(batches.tensor, tf.int32)), fn_output_signature=spec)
    return Value(found, (0, 2, 3, 1))


def _samples(start: tf.Tensor, size: tf.Tensor, bins: int, count: Any) -> tf.Tensor:
    """The positions of so many samples in each of so many bins, along one axis."""
    within = (tf.range(count, dtype=tf.int32), tf.cast(count, start.dtype))
    steps = (tf.cast(within[0], start.dtype) + 0.5) * size / within[1]
    return tf.reshape(start + tf.range(bins, dtype=start.dtype)[:, None] * size + steps, [-1])


@op("MaxRoiPool", since=(1, 22))
def max_roi_pool(x: Value, rois: Value, *, pooled_shape: Sequence[int], spatial_scale: float = 1.0) -> Value:
    """The largest pixel in each bin of each region [batch, x, y, x, y], which ends on whole pixels (Girshick 2015)."""
    image = x.laid((0, 2, 3, 1))
    limits = tf.shape(image)[1:3]

    def of_region(region: tf.Tensor) -> tf.Tensor:
        batch, corners = tf.cast(region[0], tf.int32), _rounded(region[1:] * spatial_scale)
        within = [_bins(corners[1 - axis], corners[3 - axis], pooled_shape[axis], limits[axis]) for axis in range(2)]
        pixels = image[batch]
        least = tf.constant(x.dtype.min, x.dtype)
        rows = tf.reduce_max(tf.where(within[0][:, :, None, None], pixels[None], least), 1)
        found = tf.reduce_max(tf.where(within[1][None, :, :, None], rows[:, None], least), 2)
        empty = ~(tf.reduce_any(within[0], 1)[:, None] & tf.reduce_any(within[1], 1)[None])
        return tf.where(empty[..., None], tf.zeros_like(found), found)

    spec = tf.TensorSpec([*pooled_shape, x.shape[1]], x.dtype)
    return Value(tf.map_fn(of_region, rois.tensor, fn_output_signature=spec), (0, 2, 3, 1))


def _rounded(numbers: tf.Tensor) -> tf.Tensor:
    """To the nearest whole number, halves away from zero as C rounds them."""
    return tf.sign(numbers) * tf.floor(tf.abs(numbers) + 0.5)


def _bins(start: tf.Tensor, end: tf.Tensor, bins: int, limit: tf.Tensor) -> tf.Tensor:
    """Which of the pixels along an axis lie in each bin: bool [bins, pixels]."""
    size = tf.maximum(end - start + 1, 1) / bins
    steps = tf.range(bins, dtype=size.dtype)
    first, last = tf.floor(steps * size) + start, tf.math.ceil((steps + 1) * size) + start
    places = tf.cast(tf.range(limit), size.dtype)
    return (places >= first[:, None]) & (places < last[:, None])

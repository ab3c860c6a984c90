"""Boxes and regions: the same boxes are kept, and the same numbers found in them, as by ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check

DRAW = np.random.default_rng(0)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("center", [0, 1])
def test_boxes_that_are_kept(center: int, tmp_path: Path) -> None:
    text = f"""g (float[n,boxes,4] b, float[n,3,boxes] s) => (int64[kept,3] y, int64[more,3] z) {{
        y = NonMaxSuppression<center_point_box={center}>(b, s, most, iou, least)
        z = NonMaxSuppression<center_point_box={center}>(b, s, most)
    }}"""
    inputs = {"b": DRAW.random((2, 20, 4), np.float32), "s": DRAW.random((2, 3, 20), np.float32)}
    weights = {"most": np.array([5]), "iou": np.array([0.3], np.float32), "least": np.array([0.2], np.float32)}
    check(tmp_path, text, inputs, **weights)


REGIONS = np.array([[0.4, 1.2, 6.3, 7.1], [-2, -1, 3, 3], [5, 2, 20, 9.5]], np.float32)


def test_regions_aligned(tmp_path: Path) -> None:
    names = ", ".join(f"float[r,3,2,4] {name}" for name in "abcd")
    text = f"""g (float[n,3,8,9] x, float[r,4] z, int64[r] k) => ({names}) {{
        a = RoiAlign<output_height=2, output_width=4>(x, z, k)
        b = RoiAlign<output_height=2, output_width=4, mode="max", sampling_ratio=2>(x, z, k)
        c = RoiAlign<output_height=2, output_width=4, sampling_ratio=3, spatial_scale=0.5>(x, z, k)
        d = RoiAlign<output_height=2, output_width=4, coordinate_transformation_mode="output_half_pixel">(x, z, k)
    }}"""
    check(tmp_path, text, {"x": noise(2, 3, 8, 9), "z": REGIONS, "k": np.array([1, 0, 1])}, rtol=1e-4)


def test_regions_pooled(tmp_path: Path) -> None:
    text = """g (float[n,3,8,9] x, float[r,5] z) => (float[r,3,2,4] y) {
        y = MaxRoiPool<pooled_shape=[2,4], spatial_scale=0.7>(x, z)
    }"""
    regions = np.concatenate([np.array([[1], [0], [1]], np.float32), np.abs(REGIONS)], 1)
    check(tmp_path, text, {"x": noise(2, 3, 8, 9), "z": regions})

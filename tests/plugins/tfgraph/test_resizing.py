"""Resize and Upsample compute what ONNX Runtime computes, and take TensorFlow's own kernels where these do too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphs import write
from mlconvert_plugins.tfgraph import reading
from savedmodels import check, converted

IMAGE = "g (float[n,3,5,7] x) => (float[n,3,{}] y)"
ALL = """a = Resize<mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor">(x, , s)
    b = Resize<mode="linear">(a, , t)
    y = Resize<mode="linear", coordinate_transformation_mode="align_corners">(b, , t)"""
WEIGHTS = {
    "s": np.array([1, 1, 2, 3], np.float32),
    "t": np.array([1, 1, 2, 2], np.float32),
    "odd": np.array([1, 1, 0.6, 1.7], np.float32),
    "roi": np.array([0, 0, 0.2, -0.3, 1, 1, 0.9, 1.1], np.float32),
    "size": np.array([4, 9], np.int64),
}


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def kinds(path: Path, text: str) -> set[str]:
    made = converted(write(path / "kinds.onnx", text, opset=18, **WEIGHTS))
    return {node.op for node in reading.read(made.path).meta_graphs[0].graph_def.node}


def test_kernels_of_tensorflow_serve_where_they_compute_the_same(tmp_path: Path) -> None:
    check(tmp_path, f"{IMAGE.format('40,84')} {{ {ALL} }}", {"x": noise(2, 3, 5, 7)}, opset=18, **WEIGHTS)
    found = kinds(tmp_path, f"{IMAGE.format('40,84')} {{ {ALL} }}")
    assert {"ResizeNearestNeighbor", "ResizeBilinear"} <= found
    assert "GatherV2" not in found


def test_sizes_made_from_the_tensors_own_shape_leave_its_batch_alone(tmp_path: Path) -> None:
    nodes = 'a = Shape<end=2>(x) b = Concat<axis=0>(a, size) y = Resize<mode="linear">(x, , , b)'
    text = f"{IMAGE.format('4,9')} {{ {nodes} }}"
    check(tmp_path, text, {"x": noise(2, 3, 5, 7)}, opset=18, **WEIGHTS)
    assert "GatherV2" not in kinds(tmp_path, text)


@pytest.mark.parametrize(
    "attributes",
    [
        'mode="cubic"',
        'mode="cubic", exclude_outside=1, cubic_coeff_a=-0.5, coordinate_transformation_mode="asymmetric"',
        'mode="linear", antialias=1',
        'mode="cubic", antialias=1',
        'mode="linear", coordinate_transformation_mode="pytorch_half_pixel"',
        'mode="linear", coordinate_transformation_mode="half_pixel_symmetric"',
        'mode="nearest", nearest_mode="ceil"',
        'mode="nearest", nearest_mode="round_prefer_ceil", coordinate_transformation_mode="align_corners"',
    ],
)
def test_odd_scales(attributes: str, tmp_path: Path) -> None:
    text = f"{IMAGE.format('3,11')} {{ y = Resize<{attributes}>(x, , odd) }}"
    check(tmp_path, text, {"x": noise(2, 3, 5, 7)}, opset=19, **WEIGHTS)


def test_scales_of_the_run_crops_and_axes(tmp_path: Path) -> None:
    text = """g (float[n,3,5,7] x, float[4] z) => (float[n,c,h,w] y, float[n,3,3,11] crop, float[n,3,3,4] part) {
        y = Resize<mode="linear">(x, , z)
        crop = Resize<mode="linear", coordinate_transformation_mode="tf_crop_and_resize",
            extrapolation_value=9.0>(x, roi, odd)
        part = Resize<mode="cubic", axes=[3, 2], keep_aspect_ratio_policy="not_larger">(x, , , size)
    }"""
    inputs = {"x": noise(2, 3, 5, 7), "z": np.array([1, 1, 1.5, 2], np.float32)}
    check(tmp_path, text, inputs, opset=19, **WEIGHTS)


def test_what_versions_before_11_mean(tmp_path: Path) -> None:
    text = f'{IMAGE.format("3,11")} {{ y = Resize<mode="nearest">(x, odd) }}'
    check(tmp_path, text, {"x": noise(1, 3, 5, 7)}, opset=10, **WEIGHTS)
    text = f'{IMAGE.format("10,21")} {{ y = Upsample<mode="linear">(x, s) }}'
    check(tmp_path, text, {"x": noise(1, 3, 5, 7)}, opset=9, **WEIGHTS)

"""GridSample and DeformConv compute what ONNX Runtime computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(("padding", "corners"), [("zeros", 0), ("border", 1), ("reflection", 0), ("reflection", 1)])
def test_grid_sample(padding: str, corners: int, tmp_path: Path) -> None:
    more = f'padding_mode="{padding}", align_corners={corners}'
    text = f"""g (float[n,3,5,7] x, float[n,4,6,2] z) => (float[n,3,4,6] a, float[n,3,4,6] b, float[n,3,4,6] c) {{
        a = GridSample<mode="linear", {more}>(x, z)
        b = GridSample<mode="nearest", {more}>(x, z)
        c = GridSample<mode="cubic", {more}>(x, z)
    }}"""
    check(tmp_path, text, {"x": noise(2, 3, 5, 7), "z": noise(2, 4, 6, 2)}, opset=20, ir_version=9)


def test_volumes_and_channels_last(tmp_path: Path) -> None:
    text = """g (float[n,3,3,5,4] x, float[n,2,2,6,3] z) => (float[n,3,2,2,6] y) {
        a = GridSample(x, z)
        y = Relu(a)
    }"""
    check(tmp_path, text, {"x": noise(2, 3, 3, 5, 4), "z": noise(2, 2, 2, 6, 3)}, opset=20, ir_version=9)


def test_deform_conv(tmp_path: Path) -> None:
    text = """g (float[n,4,6,7] x, float[n,36,3,5] o, float[n,18,3,5] m) => (float[n,6,3,5] y) {
        y = DeformConv<group=2, offset_group=2, strides=[2,1], pads=[1,0,0,0]>(x, w, o, b, m)
    }"""
    inputs = {"x": noise(2, 4, 6, 7), "o": noise(2, 36, 3, 5), "m": noise(2, 18, 3, 5)}
    check(tmp_path, text, inputs, opset=19, ir_version=9, rtol=1e-4, w=noise(6, 2, 3, 3), b=noise(6))


@pytest.mark.parametrize("corners", [0, 1])
def test_points_of_a_grid_are_moved(corners: int, tmp_path: Path) -> None:
    text = f"""g (float[n,2,3] t, float[1,3,4] u, int64[4] s) => (float[n,h,w,2] y, float[1,2,3,4,3] z) {{
        y = AffineGrid<align_corners={corners}>(t, s)
        z = AffineGrid<align_corners={corners}>(u, five)
    }}"""
    inputs = {"t": noise(2, 2, 3), "u": noise(1, 3, 4), "s": np.array([2, 1, 3, 5])}
    check(tmp_path, text, inputs, opset=20, ir_version=9, five=np.array([1, 1, 2, 3, 4]))

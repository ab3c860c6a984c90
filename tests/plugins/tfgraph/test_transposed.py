"""ConvTranspose computes what ONNX Runtime computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


CASES = {
    "strides=[2,2], pads=[1,1,1,1], output_padding=[1,0]": "10,13",
    "strides=[2,3], dilations=[2,1]": "13,21",
    "strides=[2,2], output_shape=[10,15]": "10,15",
    'strides=[2,2], auto_pad="SAME_UPPER"': "10,14",
    'strides=[3,2], auto_pad="SAME_LOWER"': "15,14",
}


@pytest.mark.parametrize(("attributes", "sizes"), CASES.items())
def test_images(attributes: str, sizes: str, tmp_path: Path) -> None:
    text = f"""g (float[n,4,5,7] x) => (float[n,3,{sizes}] y, float[n,6,{sizes}] z, float[n,4,{sizes}] d) {{
        y = ConvTranspose<{attributes}>(x, w, b)
        z = ConvTranspose<group=2, {attributes}>(x, w)
        d = ConvTranspose<group=4, {attributes}>(x, v)
    }}"""
    weights = {"w": noise(4, 3, 3, 3), "b": noise(3), "v": noise(4, 1, 3, 3)}
    check(tmp_path, text, {"x": noise(2, 4, 5, 7)}, **weights)


def test_signals_volumes_and_weights_of_the_run(tmp_path: Path) -> None:
    text = """g (float[n,4,5] x, float[n,2,3,4,3] v, float[4,2,3] w) => (float[n,2,13] y, float[n,1,6,8,6] z) {
        y = ConvTranspose<strides=[2], dilations=[2]>(x, w)
        z = ConvTranspose<strides=[2,2,2], pads=[0,0,1,0,0,0], output_padding=[0,0,1]>(v, k)
    }"""
    inputs = {"x": noise(2, 4, 5), "v": noise(2, 2, 3, 4, 3), "w": noise(4, 2, 3)}
    check(tmp_path, text, inputs, k=noise(2, 1, 2, 2, 2))

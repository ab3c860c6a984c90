"""Pooling computes what ONNX Runtime computes, also where TensorFlow's own kernels cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


CASES = {
    "kernel_shape=[3,2], strides=[2,2], pads=[1,0,1,1]": "4,5",
    "kernel_shape=[2,3], strides=[2,3], dilations=[2,2], ceil_mode=1": "4,3",
    "kernel_shape=[1,1], strides=[3,2]": "3,5",
}


@pytest.mark.parametrize(("attributes", "sizes"), CASES.items())
def test_windows(attributes: str, sizes: str, tmp_path: Path) -> None:
    text = f"""g (float[n,3,8,9] x) => (float[n,3,{sizes}] a, float[n,3,{sizes}] b, float[n,3,{sizes}] c) {{
        a = MaxPool<{attributes}>(x)
        b = AveragePool<{attributes}>(x)
        c = AveragePool<{attributes}, count_include_pad=1>(x)
    }}"""
    check(tmp_path, text, {"x": noise(2, 3, 8, 9)}, opset=19, ir_version=9)


@pytest.mark.parametrize("order", [0, 1])
def test_indices_of_the_largest(order: int, tmp_path: Path) -> None:
    text = f"""g (float[n,3,8,9] x) => (float[n,3,4,5] a, int64[n,3,4,5] b, float[n,3,8,10] c) {{
        a, b = MaxPool<kernel_shape=[3,2], strides=[2,2], pads=[1,0,1,1], storage_order={order}>(x)
        c = MaxUnpool<kernel_shape=[2,2], strides=[2,2]>(a, b)
    }}"""
    check(tmp_path, text, {"x": np.round(noise(2, 3, 8, 9))})


def test_sums_of_powers(tmp_path: Path) -> None:
    text = """g (float[n,3,8,9] x) => (float[n,3,4,5] a, float[n,3,6,7] b, float[n,3,1,1] c) {
        a = LpPool<kernel_shape=[3,2], strides=[2,2], pads=[1,0,1,1]>(x)
        b = LpPool<kernel_shape=[3,3], p=3>(x)
        c = GlobalLpPool<p=1>(x)
    }"""
    check(tmp_path, text, {"x": noise(2, 3, 8, 9)})

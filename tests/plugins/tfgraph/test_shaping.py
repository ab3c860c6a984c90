"""Axes come, go and are cut as in ONNX Runtime, also where only the run can tell which."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check

X = np.random.default_rng(0).standard_normal((1, 5, 1, 3)).astype(np.float32)


def test_axes_by_input(tmp_path: Path) -> None:
    text = """g (float[1,5,1,3] x, int64[2] k, int64[1] l) => (float[a,b,c,d,e,f] a, float[h,i,j] b, float[5,3] c) {
        a = Unsqueeze(x, k)
        b = Squeeze(x, l)
        c = Squeeze(x)
    }"""
    check(tmp_path, text, {"x": X, "k": np.array([-1, 1]), "l": np.array([-2])})


def test_a_scalar_gets_axes(tmp_path: Path) -> None:
    text = "g (float x, int64[2] k) => (float[a,b] y) { y = Unsqueeze(x, k) }"
    check(tmp_path, text, {"x": np.array(2, np.float32), "k": np.array([0, 1])})


def test_parts_by_input(tmp_path: Path) -> None:
    text = """g (float[n,5,m,3] x, int64[2] s) =>
        (float[n,a,m,3] a, float[n,b,m,3] b, float[n,5,m,2] c, float[n,5,m,1] d) {
        a, b = Split<axis=1>(x, s)
        top = MaxPool<kernel_shape=[1,1]>(x)
        c, d = Split<axis=-1>(top, two)
    }"""
    check(tmp_path, text, {"x": X, "s": np.array([1, 4])}, two=np.array([2, 1]))


@pytest.mark.parametrize("size", [5, 6])
def test_a_last_part_may_be_smaller(size: int, tmp_path: Path) -> None:
    text = "g (float[n] x) => (float[a] a, float[b] b) { a, b = Split<num_outputs=2>(x) }"
    check(tmp_path, text, {"x": np.arange(size, dtype=np.float32)}, opset=18)

"""Tensors made of sizes and bounds are those that ONNX Runtime makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check


def test_one_hot(tmp_path: Path) -> None:
    text = """g (int64[n,3] x, float[n] f, int64[1] d, float[2] v) => (float[n,a,3] a, float[n,5] b, int64[6,n,3] c) {
        a = OneHot<axis=1>(x, d, v)
        b = OneHot(f, five, v)
        c = OneHot<axis=-3>(x, six, ints)
    }"""
    inputs = {"x": np.array([[0, -1, 9], [-4, 3, -5]]), "f": np.array([1, -2], np.float32), "d": np.array([4])}
    inputs["v"] = np.array([-1, 2.5], np.float32)
    check(tmp_path, text, inputs, five=np.array(5.0, np.float32), six=np.array(6), ints=np.array([1, 7]))


@pytest.mark.parametrize(
    ("kind", "bounds"),
    [("float", (0, 0.3, 0.1)), ("double", (1, -2, -0.7)), ("int32", (5, -4, -3)), ("int64", (3, 1, 1))],
)
def test_ranges(kind: str, bounds: tuple[float, ...], tmp_path: Path) -> None:
    text = f"g ({kind} a, {kind} b, {kind} c) => ({kind}[n] y) {{ y = Range(a, b, c) }}"
    dtype = {"float": np.float32, "double": np.float64}.get(kind, kind)
    check(tmp_path, text, {name: np.array(bound, dtype) for name, bound in zip("abc", bounds, strict=True)})


def test_filled_tensors(tmp_path: Path) -> None:
    text = """g (float[n,3] x, int64[2] s) => (int64[a,b] a, float b, float[d] c, float[n,3] d,
        int32[n,3] e, float[0] f) {
        a = ConstantOfShape<value=int64[1] {7}>(s)
        b = ConstantOfShape(none)
        size = Shape<start=-2, end=1>(x)
        c = ConstantOfShape(size)
        d = EyeLike<k=1>(x)
        e = EyeLike<k=-1, dtype=6>(x)
        f = ConstantOfShape(zero)
    }"""
    inputs = {"x": np.ones((2, 3), np.float32), "s": np.array([2, 0])}
    check(tmp_path, text, inputs, none=np.zeros(0, np.int64), zero=np.array([0]))

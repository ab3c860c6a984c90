"""The largest, the smallest and the distinct elements are those that ONNX Runtime finds, also among equal ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check

# Many are equal.
X = np.random.default_rng(0).integers(-2, 3, (2, 5, 4, 3)).astype(np.float32)


def test_places_of_extremes(tmp_path: Path) -> None:
    text = """g (float[n,5,4,3] x) => (int64[n,1,4,3] a, int64[n,5,4] b, int64[n,4,3] c, float[n,5,4,3] d,
        float[n,5,4,3] e) {
        a = ArgMax<axis=1>(x)
        b = ArgMin<axis=-1, keepdims=0, select_last_index=1>(x)
        top = MaxPool<kernel_shape=[1,1]>(x)
        c = ArgMax<axis=1, keepdims=0, select_last_index=1>(top)
        d = Hardmax<axis=1>(top)
        e = Hardmax(x)
    }"""
    check(tmp_path, text, {"x": X})
    check(tmp_path, "g (float[n,5,4,3] x) => (float[n,5,4,3] y) { y = Hardmax<axis=2>(x) }", {"x": X}, opset=11)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8"])
def test_the_top_in_order(dtype: str, tmp_path: Path) -> None:
    kind = {"float32": "float", "float64": "double"}.get(dtype, dtype)
    text = f"""g ({kind}[n,5,4] x, int64[1] k) => ({kind}[n,a,4] v, int64[n,a,4] i, {kind}[n,5,3] w, int64[n,5,3] j) {{
        v, i = TopK<axis=1>(x, k)
        w, j = TopK<largest=0>(x, three)
    }}"""
    x = X[:, :, :, 0].astype(dtype) % 5
    if x.dtype.kind in "iu":
        x[0, 0, :2] = np.iinfo(dtype).min, np.iinfo(dtype).max
    check(tmp_path, text, {"x": x, "k": np.array([2])}, three=np.array([3]))


def test_distinct_elements_and_slices(tmp_path: Path) -> None:
    text = """g (float[n,3] x) => (float[y] y0, int64[f] f0, int64[r] r0, int64[c] n0,
        float[y1,3] y1, int64[f1] f1, int64[n] r1, int64[c1] n1,
        float[n,y2] y2, int64[f2] f2, int64[3] r2, int64[c2] n2,
        float[y3,3] y3, int64[f3] f3, int64[n] r3, int64[c3] n3) {
        y0, f0, r0, n0 = Unique(x)
        y1, f1, r1, n1 = Unique<axis=0>(x)
        y2, f2, r2, n2 = Unique<axis=-1>(x)
        y3, f3, r3, n3 = Unique<axis=0, sorted=0>(x)
    }"""
    check(tmp_path, text, {"x": np.array([[3, 1, 1], [3, -1, -1], [3, 1, 1], [-2, 5, 5]], np.float32)})


def test_texts_are_sorted_as_their_bytes(tmp_path: Path) -> None:
    text = "g (string[n] x) => (string[a] y, int64[b] f) { y, f = Unique(x) }"
    words = np.array(["b", "", "ba", "é", "b", "z", "日本"], object)
    check(tmp_path, text, {"x": words})

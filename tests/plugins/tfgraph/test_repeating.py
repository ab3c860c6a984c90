"""What is stretched or tiled has the shape and numbers that ONNX Runtime gives it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from graphs import write
from mlconvert_plugins.tf import Tf
from savedmodels import check, converted


def test_shapes_of_every_kind(tmp_path: Path) -> None:
    text = """g (float[n,1,3] x, int64[2] s, int64[4] t, int64[3] r) => (float[n,2,3] a, float[n,b,3] b,
        float[c,n,d,3] c, float[e,f,g] d, float[n,2,6] e) {
        a = Expand(x, twice)
        b = Expand(x, s)
        c = Expand(x, t)
        d = Tile(x, r)
        e = Tile(x, twice3)
    }"""
    inputs = {"x": np.arange(6, dtype=np.float32).reshape(2, 1, 3), "s": np.array([4, 1])}
    inputs |= {"t": np.array([2, 1, 2, 1]), "r": np.array([2, 0, 1])}
    check(tmp_path, text, inputs, twice=np.array([2, 3]), twice3=np.array([1, 2, 2]))


def test_a_batch_is_stretched_with_what_is_known(tmp_path: Path) -> None:
    text = """g (float[n,4] x, float[1,3] w) => (float[n,3] y) {
        n = Shape<end=1>(x)
        s = Concat<axis=0>(n, three)
        y = Expand(w, s)
    }"""
    details = {"three": np.array([3])}
    check(tmp_path, text, {"x": np.ones((2, 4), np.float32), "w": np.array([[1, 2, 3]], np.float32)}, **details)
    made = converted(write(tmp_path / "m.onnx", text, **details))
    assert Tf().signature(made).outputs[0].shape == (None, 3)

"""What is taken out of tensors by index is what ONNX Runtime takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from savedmodels import check

X = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)


def ints(*entries: object) -> np.ndarray:
    return np.array(entries, np.int64)


def test_elements_and_slices_are_gathered_from_either_end(tmp_path: Path) -> None:
    text = """g (float[n,3,4,5] x, int64[n,3,2,5] i, int64[n,2] j, int64[n,1] k) => (float[n,3,2,5] a, float[1,2,3,2] b,
        float[n,3,2,5] c, float[n,2,3,4,5] d, float[2,5] e, float[n,4,5] f) {
        a = GatherElements<axis=2>(x, i)
        b = GatherElements<axis=-1>(x, less)
        top = MaxPool<kernel_shape=[1,1]>(x)
        c = GatherElements<axis=2>(top, i)
        d = Gather<axis=0>(x, j)
        e = GatherND(x, places)
        f = GatherND<batch_dims=1>(x, k)
    }"""
    random = np.random.default_rng(1)
    inputs = {
        "x": X,
        "i": random.integers(-4, 4, (2, 3, 2, 5)),
        "j": random.integers(-2, 2, (2, 2)),
        "k": ints([-1], [1]),
    }
    weights = {
        "less": random.integers(-5, 5, (1, 2, 3, 2)),
        "places": ints([0, -1, 2], [-1, 1, -4]),
        "one": ints([-1], [1]),
    }
    check(tmp_path, text, inputs, **weights)


def test_elements_are_chosen_by_condition(tmp_path: Path) -> None:
    text = """g (float[n,3] x, bool[k] c) => (float[a] y, float[n,b] z, int64[2,d] w, int64[1,e] v) {
        y = Compress(x, c)
        z = Compress<axis=-1>(x, c)
        w = NonZero(x)
        v = NonZero(c)
    }"""
    check(tmp_path, text, {"x": np.array([[1, 0, 2], [0, 0, -3]], np.float32), "c": np.array([False, True])})


def test_slices_by_bounds_of_every_kind(tmp_path: Path) -> None:
    far = 2**63 - 1
    text = """g (float[n,3,4,5] x, int64[2] first, int64[2] last, int64[2] axes, int64[2] steps, int64[1] k) =>
        (float[a1,a2,a3,a4] a, float[b1,b2,b3,b4] b, float[c1,c2,4,5] c, float[d1,3,2,5] d,
        float[n,3,e1,5] e, float[n,f1,4,5] f) {
        a = Slice(x, first, last, axes, steps)
        b = Slice(x, first, last, axes)
        c = Slice(x, first, last)
        d = Slice(x, bottom, up, turned, back)
        e = Slice(x, k, end, two)
        top = MaxPool<kernel_shape=[1,1]>(x)
        f = Slice(top, zero, k, one)
    }"""
    inputs = {
        "x": X,
        "first": ints(-1, 1),
        "last": ints(-far, far),
        "axes": ints(2, -1),
        "steps": ints(-2, 3),
        "k": ints(2),
    }
    weights = {"bottom": ints(far, 1), "up": ints(-far - 1, far), "turned": ints(0, -2), "back": ints(-1, 2)}
    check(tmp_path, text, inputs, **weights, two=ints(2), end=ints(far), zero=ints(0), one=ints(1))

"""Ops that move or clear elements by their place do what ONNX Runtime does."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from savedmodels import check

X = np.random.default_rng(0).standard_normal((2, 8, 2, 6)).astype(np.float32)


def test_blocks_and_channels(tmp_path: Path) -> None:
    text = """g (float[n,8,h,6] x) => (float[n,2,h2,12] a, float[n,2,h3,12] b, float[n,32,h4,3] c, float[n,8,h5,6] d) {
        a = DepthToSpace<blocksize=2>(x)
        b = DepthToSpace<blocksize=2, mode="CRD">(x)
        c = SpaceToDepth<blocksize=2>(x)
        d = SpaceToDepth<blocksize=2>(a)
    }"""
    check(tmp_path, text, {"x": X})


def test_triangles(tmp_path: Path) -> None:
    text = """g (float[n,8,h,6] x, int64 k) => (float[n,8,h,6] a, float[n,8,h,6] b, int64[n,8,h,6] c) {
        a = Trilu(x)
        b = Trilu<upper=0>(x, k)
        i = Cast<to=7>(x)
        c = Trilu(i, two)
    }"""
    check(tmp_path, text, {"x": X, "k": np.array(-1)}, two=np.array(2))


def test_sequences_turned_round(tmp_path: Path) -> None:
    text = """g (float[2,8,2,6] x, int64[8] l) => (float[2,8,2,6] y, float[2,8,2,6] z) {
        y = ReverseSequence(x, l)
        z = ReverseSequence<batch_axis=0, time_axis=1>(x, m)
    }"""
    check(tmp_path, text, {"x": X, "l": np.array([1, 2, 0, 1, 2, 2, 1, 0])}, m=np.array([3, 8]))

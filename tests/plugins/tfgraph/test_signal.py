"""Fourier transforms and what stands around them compute what ONNX Runtime computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("length", [8, 5, 12])
def test_transforms_of_any_length(length: int, tmp_path: Path) -> None:
    text = f"""g (float[n,8,3,1] x, float[n,8,3,2] z) =>
            (float[n,{length},3,2] a, float[n,{length // 2 + 1},3,2] b, float[n,{length},3,2] c, float[n,8,3,2] d) {{
        a = DFT(x, length, axis)
        b = DFT<onesided=1>(x, length, axis)
        c = DFT<inverse=1>(z, length, axis)
        d = DFT(z)
    }}"""
    weights = {"length": np.array(length), "axis": np.array(1)}
    inputs = {"x": noise(2, 8, 3, 1), "z": noise(2, 8, 3, 2)}
    check(tmp_path, text, inputs, opset=20, ir_version=9, rtol=1e-4, **weights)


def test_frames(tmp_path: Path) -> None:
    text = """g (float[n,40,1] x) => (float[n,9,5,2] a, float[n,9,8,2] b) {
        a = STFT(x, step, window)
        b = STFT<onesided=0>(x, step, , length)
    }"""
    weights = {"step": np.array(4), "window": noise(8), "length": np.array(8)}
    check(tmp_path, text, {"x": noise(2, 40, 1)}, rtol=1e-4, **weights)


def test_mel_filters(tmp_path: Path) -> None:
    text = """g (float[1] x) => (float[129,20] y) {
        m = MelWeightMatrix(bins, length, rate, low, high)
        y = Mul(x, m)
    }"""
    weights = {"bins": 20, "length": 256, "rate": 16000, "low": np.float32(20), "high": np.float32(7600)}
    check(tmp_path, text, {"x": np.ones(1, np.float32)}, **{name: np.array(value) for name, value in weights.items()})

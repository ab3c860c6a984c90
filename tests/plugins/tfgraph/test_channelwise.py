"""Normalizations of channels compute what ONNX Runtime computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from savedmodels import check


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


WEIGHTS = {"s": noise(6), "b": noise(6)[::-1].copy(), "few": noise(3)}


def test_instances_and_neighbours(tmp_path: Path) -> None:
    text = """g (float[n,6,5,4] x, float[n,6,9] v) => (float[n,6,5,4] y, float[n,6,9] z, float[n,6,5,4] r) {
        y = InstanceNormalization<epsilon=0.01>(x, s, b)
        z = InstanceNormalization(v, s, b)
        r = LRN<size=3, alpha=0.3, beta=0.6, bias=1.5>(x)
    }"""
    check(tmp_path, text, {"x": noise(2, 6, 5, 4) + 3, "v": noise(2, 6, 9)}, **WEIGHTS)


def test_groups(tmp_path: Path) -> None:
    text = """g (float[n,6,5,4] x) => (float[n,6,5,4] y) { y = GroupNormalization<num_groups=3>(x, s, b) }"""
    check(tmp_path, text, {"x": noise(2, 6, 5, 4) + 3}, opset=21, ir_version=10, **WEIGHTS)
    text = text.replace("(x, s, b)", "(x, few, few)")
    check(tmp_path, text, {"x": noise(2, 6, 5, 4) + 3}, opset=18, **WEIGHTS)


def test_batches_in_training(tmp_path: Path) -> None:
    text = """g (float[n,3,5,4] x) => (float[n,3,5,4] y, float[3] m, float[3] v) {
        y, m, v = BatchNormalization<training_mode=1, momentum=0.7>(x, few, other, mean, deviation)
    }"""
    statistics = {"other": noise(3) - 1, "mean": noise(3) + 2, "deviation": np.abs(noise(3))}
    check(tmp_path, text, {"x": noise(2, 3, 5, 4) + 3}, few=WEIGHTS["few"], **statistics)


def test_the_layer_that_only_onnxruntime_knows(tmp_path: Path) -> None:
    text = "g (float[n,6] x) => (float[n,6] y) { y = SimplifiedLayerNormalization<axis=-1>(x, s) }"
    check(tmp_path, text, {"x": noise(2, 6)}, s=WEIGHTS["s"])

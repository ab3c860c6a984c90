"""Quantized tensors: to the last bit what ONNX Runtime makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check

GENERATOR = np.random.default_rng(0)


def noise(*shape: int) -> np.ndarray:
    return (GENERATOR.standard_normal(shape) * 2).astype(np.float32)


def small(*shape: int, dtype: type = np.uint8) -> np.ndarray:
    limits = np.iinfo(dtype)
    return GENERATOR.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def scalar(value: float) -> np.ndarray:
    return np.array(value, np.float32)


def test_to_small_numbers_and_back_by_channel(tmp_path: Path) -> None:
    text = """g (float[n,3,4] x) => (int8[n,3,4] q, float[n,3,4] y) {
        q = QuantizeLinear<axis=1>(x, s, z)
        y = DequantizeLinear<axis=1>(q, s, z)
    }"""
    scales = np.array([0.5, 0.1, 0.01], np.float32)
    check(tmp_path, text, {"x": noise(2, 3, 4)}, s=scales, z=np.array([3, -100, 0], np.int8))


def test_blocks_of_an_axis_have_scales_of_their_own(tmp_path: Path) -> None:
    text = """g (float[2,6] x) => (uint8[2,6] q) { q = QuantizeLinear<axis=1, block_size=3>(x, s, z) }"""
    check(
        tmp_path,
        text,
        {"x": noise(2, 6)},
        opset=21,
        ir_version=10,
        s=np.array([[0.5, 0.1], [0.2, 0.3]], np.float32),
        z=small(2, 2),
    )


def test_an_integer_product(tmp_path: Path) -> None:
    text = "g (uint8[n,3,5] a) => (int32[n,3,4] y) { y = MatMulInteger(a, b, az, bz) }"
    weights = {"b": small(5, 4, dtype=np.int8), "az": np.array(7, np.uint8), "bz": small(4, dtype=np.int8)}
    check(tmp_path, text, {"a": small(2, 3, 5)}, **weights)


def test_a_quantized_network(tmp_path: Path) -> None:
    text = """g (uint8[n,3,6,6] x) => (uint8[n,4,6,6] y) {
        c = QLinearConv<pads=[1,1,1,1]>(x, xs, xz, w, ws, wz, ys, yz, bias)
        d = com.microsoft.QLinearAdd(c, ys, yz, c, ys, yz, ss, yz)
        e = com.microsoft.QLinearSigmoid(d, ss, yz, xs, xz)
        y = com.microsoft.QLinearConcat<axis=1>(ys, yz, e, xs, xz)
    }"""
    weights = {
        "w": small(4, 3, 3, 3, dtype=np.int8), "wz": np.zeros(4, np.int8),
        "ws": np.array([0.1, 0.2, 0.3, 0.4], np.float32),
        "xs": scalar(0.01), "xz": np.array(12, np.uint8), "ys": scalar(0.7), "yz": np.array(100, np.uint8),
        "ss": scalar(1.3), "bias": small(4, dtype=np.int16).astype(np.int32),
    }  # fmt: skip
    check(tmp_path, text, {"x": small(2, 3, 6, 6)}, domains=', "com.microsoft" : 1', **weights)


def test_a_dynamic_product(tmp_path: Path) -> None:
    text = """g (float[n,5] x) => (float[n,4] y) {
        q, s, z = DynamicQuantizeLinear(x)
        y = com.microsoft.MatMulIntegerToFloat(q, b, s, bs, z, bz, bias)
    }"""
    weights = {"b": small(5, 4), "bs": scalar(0.02), "bz": np.array(128, np.uint8), "bias": noise(4)}
    check(tmp_path, text, {"x": noise(3, 5)}, domains=', "com.microsoft" : 1', **weights)


@pytest.mark.parametrize("summand", ["", "c"])
def test_a_quantized_gemm(summand: str, tmp_path: Path) -> None:
    text = f"""g (uint8[n,5] x) => (uint8[n,4] y) {{
        y = com.microsoft.QGemm<transB=1>(x, xs, xz, b, bs, bz, {summand}, ys, yz)
    }}"""
    weights = {
        "xs": scalar(0.1), "xz": np.array(3, np.uint8), "b": small(4, 5, dtype=np.int8), "bs": scalar(0.05),
        "bz": np.array(0, np.int8), "ys": scalar(0.4), "yz": np.array(120, np.uint8),
    }  # fmt: skip
    if summand:
        weights["c"] = small(4, dtype=np.int8).astype(np.int32)
    check(tmp_path, text, {"x": small(3, 5)}, domains=', "com.microsoft" : 1', **weights)

"""Changes of type, to the last bit what ONNX Runtime makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphs import write
from mlconvert.errors import ConversionError
from mlconvert_plugins.tf_runner import TfRunner
from savedmodels import check, converted

# -6e4 still rounds to the largest float8e5m2; ONNX Runtime makes NaN of what rounds beyond it, ONNX infinity.
NUMBERS = np.array([0.0, -0.0, 1.5, -2.5, 3.14159274, 1e-7, 448, 1e6, -6e4, np.inf, -np.inf, np.nan], np.float32)
DETAILS = {"opset": 19, "ir_version": 9}


@pytest.mark.parametrize("saturate", [0, 1])
def test_floats_of_eight_bits(saturate: int, tmp_path: Path) -> None:
    names = {"a": 17, "b": 19}
    nodes = " ".join(
        f"{name}8 = Cast<to={kind}, saturate={saturate}>(x) {name} = Cast<to=1>({name}8)"
        for name, kind in names.items()
    )
    text = f"g (float[n] x) => (float[n] a, float[n] b) {{ {nodes} }}"
    check(tmp_path, text, {"x": NUMBERS}, **DETAILS)


def test_numbers_as_texts_and_back(tmp_path: Path) -> None:
    text = """g (float[n] x, int64[n] i) => (string[n] t, float[n] y, string[n] ti, int32[n] j) {
        t = Cast<to=8>(x)
        y = Cast<to=1>(t)
        ti = Cast<to=8>(i)
        j = Cast<to=6>(ti)
    }"""
    check(tmp_path, text, {"x": NUMBERS, "i": np.arange(-6, 6)}, **DETAILS)


def test_integers_of_four_bits_are_inside_only(tmp_path: Path) -> None:
    text = """g (float[n] x) => (int8[n] y, float[n] z) {
        a = Cast<to=22>(x)
        y = Cast<to=3>(a)
        b = Cast<to=21>(x)
        z = Cast<to=1>(b)
    }"""
    check(tmp_path, text, {"x": np.array([0, 0.4, 1.5, 2.5, 3.0, 7.2, 16, 23], np.float32)}, opset=21, ir_version=10)


def test_the_same_bits_mean_another_number(tmp_path: Path) -> None:
    path = write(
        tmp_path / "m.onnx", "g (float[n] x) => (int32[n] y) { y = BitCast<to=6>(x) }", opset=26, ir_version=13
    )
    with TfRunner(converted(path)) as runner:
        np.testing.assert_array_equal(runner.run({"x": NUMBERS})["y"], NUMBERS.view(np.int32))


def test_types_without_operations_are_refused_by_name(tmp_path: Path) -> None:
    text = "g (float[n] x) => (float[n] y) { a = Cast<to=18>(x) y = Cast<to=1>(a) }"
    with pytest.raises(ConversionError, match="float8_e4m3fnuz") as caught:
        converted(write(tmp_path / "m.onnx", text, **DETAILS))
    assert caught.value.code == "unsupported-dtype"

"""Operators on bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check


@pytest.mark.parametrize("direction", ["LEFT", "RIGHT"])
def test_shifts(direction: str, tmp_path: Path) -> None:
    text = f'g (uint8[n,3] x, uint8[3] y) => (uint8[n,3] z) {{ z = BitShift<direction="{direction}">(x, y) }}'
    check(tmp_path, text, {"x": np.array([[1, 200, 255]], np.uint8), "y": np.array([0, 3, 7], np.uint8)})


def test_bits_of_two_numbers(tmp_path: Path) -> None:
    text = """g (int32[n,3] x, int32[3] y) => (int32[n,3] z) {
        a = BitwiseAnd(x, y)
        b = BitwiseOr(a, x)
        c = BitwiseXor(b, y)
        z = BitwiseNot(c)
    }"""
    inputs = {"x": np.array([[1, -200, 2**31 - 1]], np.int32), "y": np.array([7, 12, -1], np.int32)}
    check(tmp_path, text, inputs, opset=18)

"""Optional values: what they hold, and whether they hold anything."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from savedmodels import check


def test_a_value_that_is_there_and_one_that_is_not(tmp_path: Path) -> None:
    text = """g (float[n] x) => (float[n] y, bool there, bool missing) {
        o = Optional(x)
        y = OptionalGetElement(o)
        there = OptionalHasElement(o)
        missing = OptionalHasElement()
    }"""
    check(tmp_path, text, {"x": np.ones(3, np.float32)}, opset=18)

"""Col2Im computes what ONNX Runtime computes; MaxUnpool is tested beside the pooling that it undoes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from savedmodels import check


def test_blocks_are_summed_up_where_they_overlap(tmp_path: Path) -> None:
    text = """g (float[n,18,12] x) => (float[n,2,6,5] y) {
        y = Col2Im<strides=[2,1], pads=[1,0,0,1], dilations=[1,1]>(x, image, block)
    }"""
    x = np.random.default_rng(0).standard_normal((2, 18, 12)).astype(np.float32)
    check(tmp_path, text, {"x": x}, opset=18, image=np.array([6, 5]), block=np.array([3, 3]))

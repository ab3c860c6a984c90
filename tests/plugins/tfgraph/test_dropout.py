"""Dropout does nothing at inference, and in training what its ratio says."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from graphs import write
from mlconvert_plugins.tf_runner import TfRunner
from savedmodels import check, converted

ONES = np.ones((50, 40), np.float32)


def test_nothing_at_inference(tmp_path: Path) -> None:
    text = "g (float[n,40] x, float r) => (float[n,40] y, bool[n,40] m) { y, m = Dropout(x, r) }"
    check(tmp_path, text, {"x": ONES, "r": np.array(0.5, np.float32)})
    check(tmp_path, "g (float[n,40] x) => (float[n,40] y) { y = Dropout<ratio=0.3>(x) }", {"x": ONES}, opset=11)


def test_training_drops_a_share_and_raises_the_rest(tmp_path: Path) -> None:
    text = "g (float[n,40] x, bool t) => (float[n,40] y, bool[n,40] m) { y, m = Dropout<seed=3>(x, r, t) }"
    path = write(tmp_path / "m.onnx", text, r=np.array(0.75, np.float32))
    with TfRunner(converted(path)) as runner:
        found = runner.run({"x": ONES, "t": np.array(True)})
        again = runner.run({"x": ONES, "t": np.array(True)})
        kept = runner.run({"x": ONES, "t": np.array(False)})
    np.testing.assert_array_equal(found["y"], np.where(found["m"], 4, 0))
    assert 0.2 < found["m"].mean() < 0.3
    assert not np.array_equal(found["m"], again["m"])
    assert kept["m"].all() and np.array_equal(kept["y"], ONES)

"""What is written into tensors by index lands where ONNX Runtime writes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from graphs import model, write
from mlconvert_plugins.tf_runner import TfRunner
from savedmodels import check, converted

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((2, 3, 4)).astype(np.float32)


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
def test_updates_are_joined_with_what_is_there(reduction: str, tmp_path: Path) -> None:
    text = f"""g (float[n,3,4] x, int64[2,2,4] i, int64[2,2] j) => (float[n,3,4] a, float[n,3,4] b, float[n,3,4] c) {{
        a = ScatterElements<axis=1, reduction="{reduction}">(x, i, u)
        b = ScatterElements<axis=-1, reduction="{reduction}">(a, k, v)
        c = ScatterND<reduction="{reduction}">(x, j, w)
    }}"""
    again = reduction != "none"
    places = np.array([[[0, 1, 2, 0], [-1, 2, 1, 0 if again else 1]]] * 2)
    updates = {"u": (2, 2, 4), "v": (1, 2, 2), "w": (2, 4)}
    weights = {name: RANDOM.standard_normal(shape).astype(np.float32) for name, shape in updates.items()}
    inputs = {"x": X, "i": places, "j": np.array([[-1, 1], [1 if again else 0, 1]])}
    check(tmp_path, text, inputs, opset=18, k=np.array([[[0, -1], [3, 1]]]), **weights)


def test_the_first_scatter(tmp_path: Path) -> None:
    text = "g (float[n,3,4] x, float[1,2,4] u) => (float[n,3,4] y) { y = Scatter<axis=1>(x, i, u) }"
    check(tmp_path, text, {"x": X, "u": X[:1, :2]}, opset=10, i=np.array([[[0, 1, 2, 0], [1, 2, 0, 1]]]))


@pytest.mark.parametrize("mode", ["linear", "circular"])
def test_a_cache_takes_new_keys(mode: str, tmp_path: Path) -> None:
    text = f"""g (float[n,3,4,2] x, float[n,3,2,2] u, int64[n] i) => (float[n,3,4,2] y, float[n,3,4,2] z) {{
        y = TensorScatter<mode="{mode}">(x, u, i)
        z = TensorScatter(x, u)
    }}"""
    shapes = {"x": (2, 3, 4, 2), "u": (2, 3, 2, 2)}
    inputs = {name: RANDOM.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    inputs["i"] = np.array([3, 1] if mode == "circular" else [2, 1])
    expected = ReferenceEvaluator(model(text, opset=24, ir_version=11)).run(None, inputs)
    with TfRunner(converted(write(tmp_path / "m.onnx", text, opset=24, ir_version=11))) as runner:
        found = runner.run(inputs)
    np.testing.assert_array_equal(found["y"], expected[0])
    np.testing.assert_array_equal(found["z"], expected[1])

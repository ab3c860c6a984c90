"""Recurrent networks compute what ONNX Runtime computes, whatever their directions, lengths and activations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from graphs import write
from mlconvert_plugins.tf_runner import TfRunner
from savedmodels import check, converted

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32) / 2


def recurrent(folder: Path, op: str, attributes: str = "", *, length: int = 5, lengths: bool = False) -> None:
    """Three of a batch, 4 features, 6 hidden, with all inputs that the operator has."""
    directions = 2 if "bidirectional" in attributes else 1
    gates = 6 * GATES[op]
    weights = {"w": noise(directions, gates, 4), "r": noise(directions, gates, 6), "b": noise(directions, 2 * gates)}
    inputs = {"x": noise(length, 3, 4), "h": noise(directions, 3, 6)}
    if lengths:
        inputs["n"] = np.array([length, 2, 1], np.int32)
    more, last = ("", "") if op != "LSTM" else (", h, p", ", cell")
    if op == "LSTM":
        weights["p"] = noise(directions, 18)
    text = f"""g (float[t,b,4] x, float[d,b,6] h{", int32[b] n" if lengths else ""})
        => (float[t,d,b,6] y, float[d,b,6] last{", float[d,b,6] cell" if last else ""}) {{
        y, last{last} = {op}<hidden_size=6{attributes}>(x, w, r, b, {"n" if lengths else '""'}, h{more})
    }}""".replace("d,b", f"{directions},b")
    check(folder, text, inputs, rtol=1e-5, **weights)


@pytest.mark.parametrize("op", GATES)
@pytest.mark.parametrize("lengths", [False, True])
def test_both_directions_with_any_lengths(op: str, lengths: bool, tmp_path: Path) -> None:
    recurrent(tmp_path, op, ', direction="bidirectional"', lengths=lengths)


@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        ("RNN", ', activations=["Affine"], activation_alpha=[0.5], activation_beta=[0.1], clip=0.3'),
        ("GRU", ", linear_before_reset=1, clip=0.4"),
        ("LSTM", ', activations=["HardSigmoid", "Softsign", "Relu"], clip=0.5'),
        ("LSTM", ", input_forget=1"),
    ],
)
def test_attributes(op: str, attributes: str, tmp_path: Path) -> None:
    recurrent(tmp_path, op, attributes)


@pytest.mark.parametrize("length", [1, 17])
def test_sequences_of_any_length_go_in_blocks(length: int, tmp_path: Path) -> None:
    recurrent(tmp_path, "GRU", ", linear_before_reset=1", length=length)


def test_the_batch_may_come_first(tmp_path: Path) -> None:
    """ONNX Runtime has no such layout: ONNX's own evaluator is asked."""
    text = """g (float[b,t,4] x) => (float[b,t,1,6] y, float[b,1,6] last) {
        y, last = GRU<hidden_size=6, layout=1>(x, w, r)
    }"""
    path, x = write(tmp_path / "m.onnx", text, w=noise(1, 18, 4), r=noise(1, 18, 6)), noise(3, 1, 4)
    with TfRunner(converted(path)) as ours:
        found = ours.run({"x": x})
    for name, expected in zip(("y", "last"), ReferenceEvaluator(str(path)).run(None, {"x": x}), strict=True):
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=1e-5)

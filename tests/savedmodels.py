"""Models through onnx2tf, and held against ONNX Runtime on the SavedModel that was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from graphs import write
from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.stage import Context
from mlconvert_plugins.onnx2tf import Onnx2Tf
from mlconvert_plugins.onnx_runner import OnnxRunner
from mlconvert_plugins.tf_runner import TfRunner

STAGE = Onnx2Tf()


def required(path: Path) -> list[Refusal]:
    """What the stage has against a model file."""
    return list(STAGE.requires(Artifact(path, "onnx"), STAGE.Options(), Context(path.parent, path.parent)))


def converted(path: Path, **options: Any) -> Artifact:
    """The SavedModel of a model file, beside it."""
    context = Context(path.parent, path.parent)
    out = path.with_suffix(".savedmodel")
    outcome = STAGE.convert(Artifact(path, "onnx"), STAGE.Options(**options), out, context)
    made = Artifact(out, "tf", None, outcome.signature)
    assert list(STAGE.ensures(made, context)) == []
    return made


def check(folder: Path, text: str, inputs: dict[str, np.ndarray], *, rtol: float = 1e-5, **details: Any) -> None:
    """Convert `g (inputs) => (outputs) { nodes }`, and expect of it what ONNX Runtime makes of these inputs."""
    path = write(folder / "model.onnx", text, **details)
    assert required(path) == []
    with TfRunner(converted(path)) as ours, OnnxRunner(Artifact(path, "onnx")) as theirs:
        found, expected = ours.run(inputs), theirs.run(inputs)
    for name, array in expected.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape), name
        if array.dtype.kind in "fc":
            numbers = array[np.isfinite(array)]
            scale = float(np.sqrt(np.mean(np.square(numbers)))) if numbers.size else 1.0
            np.testing.assert_allclose(found[name], array, rtol=rtol, atol=rtol * scale)
        else:
            np.testing.assert_array_equal(found[name], array)

"""The tf runner: SavedModels in TensorFlow, by their serving_default signature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphs import write
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert_plugins.tf_runner import TfRunner
from savedmodels import converted

TEXT = "g (float[batch,3] x) => (float[batch,3] y) { y = Relu(x) }"


@pytest.fixture
def made(tmp_path: Path) -> Artifact:
    return converted(write(tmp_path / "m.onnx", TEXT))


def test_it_runs_what_it_opens(made: Artifact) -> None:
    with TfRunner(Artifact(made.path, "tf")) as runner:
        found = runner.run({"x": np.array([[-1, 0, 2]], np.float32)})
        assert runner.seconds > 0
    np.testing.assert_array_equal(found["y"], [[0, 0, 2]])


def test_inputs_that_do_not_fit_are_named(made: Artifact) -> None:
    with TfRunner(made) as runner, pytest.raises(ConversionError) as caught:
        runner.run({"z": np.zeros((1, 3), np.float32)})
    assert {one.code for one in caught.value.refusals} == {"unknown-input", "missing-input"}


def test_a_broken_folder_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12\x05abc")
    with pytest.raises(ConversionError) as caught, TfRunner(Artifact(tmp_path, "tf")):
        pass
    assert caught.value.code == "tensorflow-refused" and "\n" not in caught.value.message


def test_what_fails_in_a_run_is_named_with_its_reason(tmp_path: Path) -> None:
    made = converted(
        write(tmp_path / "m.onnx", "g (float[a,b] x, float[c,d] w) => (float[a,d] y) { y = MatMul(x, w) }")
    )
    with TfRunner(made) as runner, pytest.raises(ConversionError) as caught:
        runner.run({"x": np.ones((2, 3), np.float32), "w": np.ones((4, 3), np.float32)})
    assert "MatMul" in str(caught.value) and "[2,3]" in str(caught.value) and "\n" not in str(caught.value)

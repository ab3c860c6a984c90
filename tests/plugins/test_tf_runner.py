"""The tf runner: SavedModels in TensorFlow, by their serving_default signature."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import mlconvert
from graphs import write
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert_plugins.tf import Tf
from mlconvert_plugins.tf_runner import TfRunner
from mlconvert_plugins.tfgraph import reading
from mlconvert_plugins.tfgraph.lazy import tf
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


def refused(path: Path) -> ConversionError:
    """Why a folder cannot be opened, in one line."""
    with pytest.raises(ConversionError) as caught, TfRunner(Artifact(path, "tf")):
        pass
    assert "\n" not in caught.value.message
    return caught.value


def test_inputs_that_do_not_fit_are_named(made: Artifact) -> None:
    with TfRunner(made) as runner, pytest.raises(ConversionError) as caught:
        runner.run({"z": np.zeros((1, 3), np.float32)})
    assert {one.code for one in caught.value.refusals} == {"unknown-input", "missing-input"}


def test_a_broken_folder_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12\x05abc")
    error = refused(tmp_path)
    assert error.code == "broken-file" and "byte 2" in error.message


def test_what_fails_in_a_run_is_named_with_its_reason(tmp_path: Path) -> None:
    made = converted(
        write(tmp_path / "m.onnx", "g (float[a,b] x, float[c,d] w) => (float[a,d] y) { y = MatMul(x, w) }")
    )
    with TfRunner(made) as runner, pytest.raises(ConversionError) as caught:
        runner.run({"x": np.ones((2, 3), np.float32), "w": np.ones((4, 3), np.float32)})
    assert "MatMul" in str(caught.value) and "[2,3]" in str(caught.value) and "\n" not in str(caught.value)


class Two(tf.Module):
    """Two signatures over one variable, and a table that is filled when the model is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = tf.Variable([2.0, 3.0])
        keys, values = tf.constant(["one", "two"]), tf.constant([1.0, 2.0])
        self.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1.0)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def scaled(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": x * self.factor}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="words")])
    def looked_up(self, words: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"numbers": self.table.lookup(words)}


def saved(folder: Path, **signatures: str) -> Path:
    """A SavedModel by TensorFlow 2 itself, with these functions of `Two` as its signatures."""
    module = Two()
    tf.saved_model.save(module, str(folder), signatures={k: getattr(module, v) for k, v in signatures.items()})
    return folder


def test_a_model_of_tensorflow_2_runs(tmp_path: Path) -> None:
    path = saved(tmp_path / "m", serving_default="scaled", words="looked_up")
    assert Tf().executes(path, None) is None
    with mlconvert.open(path) as runner:
        found = runner.run({"x": np.array([[1, 2]], np.float32)})
    np.testing.assert_array_equal(found["y"], [[2, 6]])


def test_the_only_signature_is_taken(tmp_path: Path) -> None:
    with mlconvert.open(saved(tmp_path / "m", numbers="looked_up")) as runner:
        found = runner.run({"words": np.array(["two", "three"], object)})
    np.testing.assert_array_equal(found["numbers"], [2, -1])


def test_what_cannot_be_called_is_refused(tmp_path: Path) -> None:
    error = refused(saved(tmp_path / "two", scale="scaled", words="looked_up"))
    assert error.code == "no-signature" and "scale, words" in error.message
    path = saved(tmp_path / "m", serving_default="scaled")
    proto = reading.read(path)
    proto.meta_graphs[0].meta_info_def.tags[:] = ["train"]
    (path / "saved_model.pb").write_bytes(proto.SerializeToString())
    error = refused(path)
    assert error.code == "no-serving-graph" and "train" in error.message


def test_variables_without_their_values_are_a_broken_folder(tmp_path: Path) -> None:
    path = saved(tmp_path / "m", serving_default="scaled")
    shutil.rmtree(path / "variables")
    assert refused(path).code == "broken-file"


def test_it_says_nothing(made: Artifact, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for artifact in (made, Artifact(saved(tmp_path / "m", serving_default="scaled"), "tf")):
        capfd.readouterr()
        with TfRunner(artifact):
            pass
        said = capfd.readouterr()
        assert (said.out, said.err) == ("", "")

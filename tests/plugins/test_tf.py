"""The tf format: SavedModel folders."""

from __future__ import annotations

from pathlib import Path

from graphs import write
from mlconvert.signature import Tensor
from mlconvert.testing import check_format
from mlconvert_plugins.tf import Tf
from savedmodels import converted

TEXT = "g (float[batch,3] x) => (float[batch,3] y) { y = Relu(x) }"


def test_the_contract(tmp_path: Path) -> None:
    check_format(Tf(), converted(write(tmp_path / "m.onnx", TEXT)).path)


def test_its_signature_and_operators_are_read(tmp_path: Path) -> None:
    made = converted(write(tmp_path / "m.onnx", TEXT))
    signature = Tf().signature(made)
    assert (signature.inputs, signature.outputs) == (
        (Tensor("x", "float32", (None, 3)),),
        (Tensor("y", "float32", (None, 3)),),
    )
    assert Tf().describe(made.path)["operators"] == {"Placeholder": 1, "Relu": 1, "Identity": 1}


def test_other_folders_are_none(tmp_path: Path) -> None:
    assert Tf().sniff(tmp_path) is None
    (tmp_path / "saved_model.pb").write_bytes(b"something else")
    assert Tf().sniff(tmp_path) is None

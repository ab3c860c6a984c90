"""onnx2tf.onnx_tf needs an environment of its own: without leave to make one it says so. tests/proof runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

import mlconvert
from graphs import write
from mlconvert import edges
from mlconvert.errors import ConversionError
from mlconvert.requirements import needed
from mlconvert_plugins.onnx2tf_onnx_tf import Onnx2TfOnnxTf

STAGE = Onnx2TfOnnxTf()


def test_it_is_refused_without_isolation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLCONVERT_ISOLATE", raising=False)
    path = write(tmp_path / "m.onnx", "g (float[2] x) => (float[2] y) { y = Relu(x) }")
    with pytest.raises(ConversionError) as caught:
        mlconvert.convert(path, to="tf", via="onnx2tf.onnx_tf")
    assert caught.value.code == "missing-package"
    assert "onnx-tf==1.10.0" in caught.value.message
    assert "add --isolate" in caught.value.fix


def test_its_environment_holds_nothing_that_its_packages_exclude() -> None:
    assert set(needed(STAGE)) == set(STAGE.requirements)


def test_it_never_comes_before_onnx2tf() -> None:
    own = next(edge for edge in edges.edges() if edge.name == "onnx2tf")
    assert STAGE.cost > own.plugin.cost

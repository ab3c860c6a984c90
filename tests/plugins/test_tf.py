"""The tf format: SavedModel folders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphs import write
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.host import Host
from mlconvert.signature import Tensor
from mlconvert.testing import check_format
from mlconvert_plugins.tf import Tf
from mlconvert_plugins.tfgraph import reading
from savedmodels import converted

TEXT = "g (float[batch,3] x) => (float[batch,90] y) { y = MatMul(x, w) }"
WEIGHT = np.ones((3, 90), np.float32)


@pytest.fixture
def made(tmp_path: Path) -> Artifact:
    return converted(write(tmp_path / "m.onnx", TEXT, w=WEIGHT))


def test_the_contract(made: Artifact) -> None:
    check_format(Tf(), made.path)


def test_its_signature_is_read(made: Artifact) -> None:
    signature = Tf().signature(made)
    assert (signature.inputs, signature.outputs) == (
        (Tensor("x", "float32", (None, 3)),),
        (Tensor("y", "float32", (None, 90)),),
    )


def test_it_is_described(tmp_path: Path) -> None:
    made = converted(write(tmp_path / "m.onnx", TEXT, w=WEIGHT), weights="variables", signature=("again=y",))
    (made.path / "assets").mkdir()
    (made.path / "assets" / "words.txt").write_text("a\nb\n")
    found = Tf().describe(made.path)
    assert found["tags"] == ["serve"]
    assert found["signatures"] == [f"{name}: x:float32[?,3] → y:float32[?,90]" for name in ("again", "serving_default")]
    assert found["operators"]["MatMul"] == 1 and found["nodes"] == sum(found["operators"].values())
    assert found["variables"]["variables.data-00000-of-00001"] == WEIGHT.nbytes
    assert found["assets"] == {"words.txt": 4}


def test_other_folders_are_none(tmp_path: Path) -> None:
    assert Tf().sniff(tmp_path) is None
    (tmp_path / "saved_model.pb").write_bytes(b"something else")
    assert Tf().sniff(tmp_path) is None


def test_it_loads_where_tensorflow_is_new_enough(made: Artifact) -> None:
    def answer(**versions: int) -> str:
        proto = reading.read(made.path)
        for name, value in versions.items():
            setattr(proto.meta_graphs[0].graph_def.versions, name, value)
        (made.path / "saved_model.pb").write_bytes(proto.SerializeToString())
        return Tf().loads_on(made.path, Host.here()).answer

    assert answer() == "yes"
    assert answer(producer=10**6) == "unknown"
    assert answer(min_consumer=10**6) == "no"


@pytest.mark.parametrize("content", [b"", b"\x08\x01\x12\x05abc", b"\x08\x01\x12"])
def test_a_broken_graph_is_one_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(content)
    with pytest.raises(ConversionError) as caught:
        Tf().executes(tmp_path, None)
    assert caught.value.code == "broken-file" and "\n" not in caught.value.message

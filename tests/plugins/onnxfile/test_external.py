"""External data stays below the model's folder, is there, and holds every byte: wherever a file is opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from graphs import external, model, six
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.stage import Context
from mlconvert_plugins.onnx import Onnx
from mlconvert_plugins.onnx2onnx_simplify import Onnx2OnnxSimplify, SimplifyOptions
from mlconvert_plugins.onnx_runner import OnnxRunner
from mlconvert_plugins.onnxfile.audit import validate
from mlconvert_plugins.onnxfile.intermediate import OnnxFile
from mlconvert_plugins.onnxfile.opening import open_model, open_proto


def _run(path: Path) -> np.ndarray:
    with OnnxRunner(Artifact(path, "onnx")) as runner:
        return runner.run({"x": np.ones(6, np.float32)})["y"]


def _simplify(path: Path) -> None:
    tuple(Onnx2OnnxSimplify().requires(Artifact(path, "onnx"), SimplifyOptions(), Context(path.parent, path.parent)))


OPENERS: list[Callable[[Path], object]] = [
    open_proto,
    open_model,
    validate,
    _run,
    _simplify,
    lambda path: OnnxFile(path, {"x": np.ones(6, np.float32)}, path.parent).values(["y"]),
    lambda path: Onnx().signature(Artifact(path, "onnx")),
    lambda path: Onnx().side_files(path),
    lambda path: Onnx().describe(path),
]


def _refused(path: Path, opener: Callable[[Path], object] = open_proto) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        opener(path)
    return caught.value


def test_data_beside_the_model_is_read(tmp_path: Path) -> None:
    (tmp_path / "w.data").write_bytes(six())
    path = external(tmp_path / "m.onnx")
    assert _run(path).tolist() == [1, 2, 3, 4, 5, 6]
    assert Onnx().side_files(path) == (tmp_path / "w.data",)


def test_data_in_a_folder_below_is_read(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "w.data").write_bytes(bytes(8) + six())
    path = external(tmp_path / "m.onnx", "weights/w.data", offset="8")
    assert _run(path).tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("opener", OPENERS)
def test_every_opener_refuses_data_outside(opener: Callable[[Path], object], tmp_path: Path) -> None:
    (tmp_path / "w.data").write_bytes(six())
    (tmp_path / "inner").mkdir()
    path = external(tmp_path / "inner" / "m.onnx", "../w.data")
    error = _refused(path, opener)
    assert error.code == "external-data-outside"
    assert "../w.data" in error.message and "'w'" in error.message


@pytest.mark.parametrize(
    "location", ["/etc/passwd", "..", "a/../../w.data", "..\\w.data", "C:\\w.data", "C:w.data", "\\\\host\\share\\w"]
)
def test_locations_that_lead_out_are_refused(location: str, tmp_path: Path) -> None:
    assert _refused(external(tmp_path / "m.onnx", location)).code == "external-data-outside"


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_that_leads_out_is_refused(kind: str, tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "w.data").write_bytes(six())
    (inside / "link").symlink_to(outside / "w.data" if kind == "file" else outside)
    path = external(inside / "m.onnx", "link" if kind == "file" else "link/w.data")
    error = _refused(path)
    assert error.code == "external-data-outside" and "link" in error.message


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_data_is_a_file_of_its_own(link: Callable[[Path, Path], None], tmp_path: Path) -> None:
    (tmp_path / "other.data").write_bytes(six())
    link(tmp_path / "other.data", tmp_path / "w.data")
    error = _refused(external(tmp_path / "m.onnx"))
    assert error.code == "external-data-outside" and "link" in error.message


def test_missing_data_is_named(tmp_path: Path) -> None:
    error = _refused(external(tmp_path / "m.onnx"))
    assert error.code == "external-data-missing" and "w.data" in error.message and "beside the model" in error.fix


def test_a_folder_is_no_data(tmp_path: Path) -> None:
    (tmp_path / "w.data").mkdir()
    assert _refused(external(tmp_path / "m.onnx")).code == "external-data-missing"


@pytest.mark.parametrize(
    ("offset", "length", "code"),
    [
        ("4", "24", "external-data-short"),
        ("0", "20", "external-data-short"),
        ("99", "", "external-data-short"),
        ("0", "-1", "external-data-invalid"),
        ("x", "24", "external-data-invalid"),
        ("0", "9" * 30, "external-data-invalid"),
    ],
)
def test_ranges_lie_inside_the_file(offset: str, length: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "w.data").write_bytes(six())
    assert _refused(external(tmp_path / "m.onnx", offset=offset, length=length)).code == code


@pytest.mark.parametrize("extra", [{"lenght": "24"}, {"location": ""}, {"location": "a\0b"}])
def test_entries_that_cannot_be_read_are_refused(extra: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "w.data").write_bytes(six())
    assert _refused(external(tmp_path / "m.onnx", **extra)).code == "external-data-invalid"


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    proto = model("g (float[6] x) => (float[6] y) { a = Add(x, v)  y = Add(a, w) }")
    for name, location in (("v", "/v"), ("w", "nowhere")):
        tensor = proto.graph.initializer.add(name=name, data_type=1, dims=[6], data_location=onnx.TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value=location)
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    codes = [refusal.code for refusal in _refused(tmp_path / "m.onnx").refusals]
    assert codes == ["external-data-outside", "external-data-missing"]


@pytest.mark.parametrize("place", ["attribute", "subgraph", "function"])
def test_no_place_for_a_tensor_is_forgotten(place: str, tmp_path: Path) -> None:
    nodes = {
        "attribute": "{ y = Constant<value = float[1] w {1}>() }",
        "subgraph": "{ y = If(c) <then_branch = a () => (float[1] p) { p = Constant<value = float[1] w {1}>() },"
        " else_branch = b () => (float[1] q) { q = Constant<value = float[1] w {1}>() }> }",
        "function": "{ y = my.f() }",
    }[place]
    text = f"g (bool c) => (float[1] y) {nodes}"
    if place == "function":
        text += ' <domain: "my", opset_import: ["" : 17]> f () => (z) { z = Constant<value = float[1] w {1}>() }'
    proto = model(text, domains=', "my" : 1' if place == "function" else "")
    for tensor in _constants(proto):
        tensor.ClearField("float_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="/etc/passwd")
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    assert _refused(tmp_path / "m.onnx").code == "external-data-outside"


def _constants(proto: onnx.ModelProto) -> list[onnx.TensorProto]:
    nodes = [*proto.graph.node, *(node for function in proto.functions for node in function.node)]
    for node in list(nodes):
        nodes += [inner for attribute in node.attribute for inner in attribute.g.node]
    found = [attribute.t for node in nodes if node.op_type == "Constant" for attribute in node.attribute]
    assert found
    return found

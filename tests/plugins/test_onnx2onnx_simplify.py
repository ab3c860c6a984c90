"""simplify makes the graph smaller, and changes neither what it computes nor what others know it by."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from graphs import model, write
from mlconvert.artifact import Artifact
from mlconvert.compare import difference
from mlconvert.errors import ConversionError
from mlconvert.host import Host
from mlconvert.signature import DimRange, Signature
from mlconvert.stage import Context, Outcome
from mlconvert_plugins.onnx import Onnx
from mlconvert_plugins.onnx2onnx_simplify import Onnx2OnnxSimplify, SimplifyOptions
from mlconvert_plugins.onnx_runner import OnnxRunner
from mlconvert_plugins.onnxfile import saving

STAGE = Onnx2OnnxSimplify()


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.inner, self.outer = nn.LayerNorm(16), nn.Linear(16, 48), nn.Linear(16, 16)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.inner(self.norm(x)).reshape(batch, length, 3, 2, 8).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, length, width)
        return x + self.outer(mixed)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.head = nn.LSTM(4, 8, num_layers=2, batch_first=True), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.lstm(x)[0][:, -1])


class Case(NamedTuple):
    net: nn.Module
    shape: tuple[int, ...]
    dims: dict[int, str]


CASES = {
    "conv": Case(
        nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)),
        (2, 3, 8, 8),
        {0: "batch"},
    ),
    "attention": Case(Attention(), (2, 5, 16), {0: "batch", 1: "length"}),
    "lstm": Case(Recurrent(), (2, 5, 4), {0: "batch", 1: "length"}),
}


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Models as torch's exporter makes them before its own optimizer."""
    folder = tmp_path_factory.mktemp("exported")
    torch.manual_seed(0)
    for name, case in CASES.items():
        example = (torch.randn(case.shape),)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of its own LSTM
            program = torch.onnx.export(
                case.net.eval(), example, dynamo=True, dynamic_shapes=(case.dims,), optimize=False, verbose=False
            )
        assert program is not None
        saving.save(program.model, folder / f"{name}.onnx")
    return {name: folder / f"{name}.onnx" for name in CASES}


def _artifact(path: Path) -> Artifact:
    signature = Onnx().signature(Artifact(path, "onnx"))
    dims = {name: DimRange(1, 2, 8) for name in signature.names()}
    return Artifact(path, "onnx", None, Signature(signature.inputs, signature.outputs, dims))


def _simplify(source: Artifact, out: Path, options: SimplifyOptions | None = None) -> tuple[Artifact, Outcome]:
    """The pass as the frame runs it."""
    options, ctx = options or SimplifyOptions(), Context(out.parent, out.parent)
    assert list(STAGE.requires(source, options, ctx)) == []
    outcome = STAGE.convert(source, options, out, ctx)
    artifact = Artifact(out, "onnx", None, outcome.signature)
    assert list(STAGE.ensures(artifact, ctx)) == []
    return artifact, outcome


@pytest.mark.parametrize("name", CASES)
def test_it_is_the_same_model_in_fewer_nodes(name: str, exported: Mapping[str, Path], tmp_path: Path) -> None:
    source = _artifact(exported[name])
    artifact, outcome = _simplify(source, tmp_path / "m.onnx")
    assert outcome.facts["nodes_after"] < outcome.facts["nodes_before"] * 0.6
    assert artifact.signature == source.signature == _artifact(artifact.path).signature
    tolerance = STAGE.tolerance(source, artifact)
    with OnnxRunner(source) as oracle, OnnxRunner(artifact) as subject:
        for probe in Onnx().probes(source, 0):
            expected, got = oracle.run(probe.inputs), subject.run(probe.inputs)
            assert all(difference(key, expected[key], got[key], tolerance).passed for key in expected), probe.label


def test_the_tolerance_is_nearly_exact() -> None:
    nothing = Artifact(Path("m.onnx"), "onnx")
    tolerance = STAGE.tolerance(nothing, nothing)
    assert tolerance.rtol <= 1e-5 and tolerance.rms <= 1e-5 and tolerance.atol is None


@pytest.mark.parametrize("name", CASES)
def test_the_opset_and_the_nodes_origins_stay(name: str, exported: Mapping[str, Path], tmp_path: Path) -> None:
    _simplify(_artifact(exported[name]), tmp_path / "m.onnx")
    before, after = onnx.load(exported[name]), onnx.load(tmp_path / "m.onnx")
    opset = {entry.domain: entry.version for entry in before.opset_import}[""]
    assert [(entry.domain, entry.version) for entry in after.opset_import] == [("", opset)]
    assert after.ir_version == before.ir_version and after.producer_name == before.producer_name
    told = [node for node in after.graph.node if any("pkg.torch" in entry.key for entry in node.metadata_props)]
    assert len(told) >= len(after.graph.node) * 0.9


def test_the_same_bytes_in_another_process(exported: Mapping[str, Path], tmp_path: Path) -> None:
    """Also where strings hash otherwise."""
    _simplify(_artifact(exported["attention"]), tmp_path / "m.onnx")
    (tmp_path / "other").mkdir()
    code = (
        "from pathlib import Path; from mlconvert.artifact import Artifact; from mlconvert.stage import Context;"
        "from mlconvert_plugins.onnx2onnx_simplify import Onnx2OnnxSimplify, SimplifyOptions;"
        f"folder = Path({str(tmp_path / 'other')!r});"
        f"source = Artifact(Path({str(exported['attention'])!r}), 'onnx');"
        "Onnx2OnnxSimplify().convert(source, SimplifyOptions(), folder / 'm.onnx', Context(folder, folder))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONHASHSEED": "7", "PATH": ""})
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in tmp_path.rglob("m.onnx")}
    assert len(digests) == 1


def test_a_constant_is_folded_up_to_the_bound(tmp_path: Path) -> None:
    text = "g (float[N,1,100] x) => (float[N,50,100] y) { big = Expand(one, shape)  y = Add(x, big)  idle = Abs(big) }"
    weights = {"one": np.ones((1, 1), np.float32), "shape": np.int64([50, 100])}
    source = _artifact(write(tmp_path / "m.onnx", text, **weights))
    folded, _ = _simplify(source, tmp_path / "folded.onnx")
    kept, _ = _simplify(source, tmp_path / "kept.onnx", SimplifyOptions(max_constant=1000))
    assert [node.op_type for node in onnx.load(folded.path).graph.node] == ["Add"]
    assert [node.op_type for node in onnx.load(kept.path).graph.node] == ["Expand", "Add"]
    assert kept.path.stat().st_size < 2000 < folded.path.stat().st_size


def test_a_bound_below_nothing_is_refused() -> None:
    host = Host("Linux", "x86_64", "3.11")
    assert [refusal.where for refusal in STAGE.available(SimplifyOptions(max_constant=-1), host)] == ["max_constant"]
    assert list(STAGE.available(SimplifyOptions(max_constant=0), host)) == []


def test_a_constant_of_shape_does_not_blow_up(tmp_path: Path) -> None:
    text = "g (float[N] x) => (float[N] y) { big = ConstantOfShape(shape)  s = ReduceSum(big)  y = Add(x, s) }"
    source = _artifact(write(tmp_path / "m.onnx", text, shape=np.int64([100000, 100000])))
    artifact, _ = _simplify(source, tmp_path / "s.onnx")
    assert artifact.path.stat().st_size < 2000


def test_inputs_and_outputs_stay_even_when_nothing_needs_them(tmp_path: Path) -> None:
    text = "g (float[N] x, float[N] idle) => (float[N] y, float[N] same, float[2] fixed) {\
  a = Relu(x)  y = Identity(a)  b = Relu(x)  same = Identity(b)  fixed = Identity(w) }"
    source = _artifact(write(tmp_path / "m.onnx", text, w=np.float32([1, 2])))
    artifact, _ = _simplify(source, tmp_path / "s.onnx")
    assert _artifact(artifact.path).signature == source.signature
    with OnnxRunner(artifact) as runner:
        found = runner.run({"x": np.float32([-1, 2]), "idle": np.float32([0, 0])})
    assert {name: value.tolist() for name, value in found.items()} == {"y": [0, 2], "same": [0, 2], "fixed": [1, 2]}


def test_an_initializer_that_may_be_given_is_not_folded(tmp_path: Path) -> None:
    text = "g (float[N] x, float[1] w) => (float[N] y) { v = Add(w, w)  y = Add(x, v) }"
    source = _artifact(write(tmp_path / "m.onnx", text, w=np.float32([1])))
    artifact, _ = _simplify(source, tmp_path / "s.onnx")
    with OnnxRunner(artifact) as runner:
        assert runner.run({"x": np.float32([1]), "w": np.float32([10])})["y"].tolist() == [21]


def test_external_data_goes_external_again(
    exported: Mapping[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "EXTERNAL_ABOVE", 1000)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, _ = _simplify(_artifact(exported["lstm"]), tmp_path / "a" / "m.onnx")
    second, _ = _simplify(first, tmp_path / "b" / "m.onnx")
    for artifact in (first, second):
        (data,) = Onnx().side_files(artifact.path)
        digest = hashlib.sha256(data.read_bytes()).hexdigest()
        assert data.name == f"m.{digest[:12]}.data" and data.parent == artifact.path.parent


def test_functions_are_inlined_and_counted(tmp_path: Path) -> None:
    text = (
        "g (float[N] x) => (float[N] y) { z = my.twice(x)  y = my.twice(z) }"
        ' <domain: "my", opset_import: ["" : 17]> twice (a) => (b) { b = Add(a, a) }'
    )
    source = _artifact(write(tmp_path / "m.onnx", text, domains=', "my" : 1'))
    artifact, outcome = _simplify(source, tmp_path / "s.onnx")
    assert outcome.facts == {"nodes_before": 3, "nodes_after": 2}
    assert not onnx.load(artifact.path).functions


def test_a_dim_that_became_a_number_is_a_failed_ensures(tmp_path: Path) -> None:
    promised = _artifact(write(tmp_path / "m.onnx", "g (float[N] x) => (float[N] y) { y = Relu(x) }")).signature
    path = write(tmp_path / "s.onnx", "g (float[2] x) => (float[N] y) { y = Relu(x) }")
    (refusal,) = STAGE.ensures(Artifact(path, "onnx", None, promised), Context(tmp_path, tmp_path))
    assert refusal.code == "static-dim" and refusal.where == "input 'x'" and "fixes it to 2" in refusal.message


@pytest.mark.parametrize(
    "text",
    [
        "g (float[N] z) => (float[N] y) { y = Relu(z) }",
        "g (double[N] x) => (double[N] y) { y = Relu(x) }",
        "g (float[N,M] x) => (float[N,M] y) { y = Relu(x) }",
    ],
)
def test_a_changed_signature_is_a_failed_ensures(text: str, tmp_path: Path) -> None:
    promised = _artifact(write(tmp_path / "m.onnx", "g (float[N] x) => (float[N] y) { y = Relu(x) }")).signature
    artifact = Artifact(write(tmp_path / "s.onnx", text), "onnx", None, promised)
    assert {refusal.code for refusal in STAGE.ensures(artifact, Context(tmp_path, tmp_path))} == {"changed-signature"}


def test_a_broken_model_is_refused_before_the_work(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", "g (float[N] x) => (float[N] y) { y = Foo(x) }")
    with pytest.raises(ConversionError) as caught:
        STAGE.requires(Artifact(path, "onnx"), SimplifyOptions(), Context(tmp_path, tmp_path))
    assert caught.value.code == "unknown-op"


def test_what_the_optimizer_would_drop_is_refused(tmp_path: Path) -> None:
    proto = model("g (float[N] x) => (float[N] y) { y = Relu(x) }")
    proto.training_info.add()
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(ConversionError) as caught:
        _simplify(_artifact(tmp_path / "m.onnx"), tmp_path / "s.onnx")
    assert caught.value.code == "unsupported-field" and "training" in caught.value.message


def test_a_wrong_node_is_found_though_its_neighbours_are_gone(tmp_path: Path) -> None:
    text = "g (float[N,4] x) => (float[N,4] y) { a = Identity(x)  b = Mul(a, w)  c = Identity(b)  y = Relu(c) }"
    weights = np.arange(4, dtype=np.float32)
    source = Artifact(write(tmp_path / "source.onnx", text, w=weights), "onnx")
    other = Artifact(write(tmp_path / "other.onnx", text, w=-weights), "onnx")
    context = Context(tmp_path, tmp_path)
    STAGE.convert(other, SimplifyOptions(), tmp_path / "simple.onnx", context)
    inputs = {"x": np.ones((2, 4), np.float32)}
    suspect = STAGE.localise(source, replace(other, path=tmp_path / "simple.onnx"), inputs, context)
    assert suspect is not None and suspect.op == "Mul" and "3 of the 4 elements of w" in suspect.note
    assert STAGE.localise(source, source, inputs, context) is None

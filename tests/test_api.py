from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlconvert
from mlconvert import api
from mlconvert.errors import ConversionError, ParityError, UsageError
from mlconvert.runner import DeviceAbsentError
from mlconvert.signature import DimRange, Tensor
from mlconvert_toys import line
from mlconvert_toys.line import Line


@pytest.fixture
def alpha(tmp_path: Path) -> Path:
    return line.alpha(tmp_path / "m.alpha")


# --- the words of a call --------------------------------------------------------------------------------


def test_inputs_are_words_or_tensors() -> None:
    tensor = Tensor("x", "float32", ("batch", 3))
    assert api.read_inputs(None) == ()
    assert api.read_inputs("x:float32[batch,3]") == (tensor,)
    assert api.read_inputs([tensor, "y:bool[]"]) == (tensor, Tensor("y", "bool", ()))
    with pytest.raises(UsageError, match="is no input") as caught:
        api.read_inputs(["x"])
    assert caught.value.code == "bad-input"


@pytest.mark.parametrize(
    "dims",
    [
        {"batch": (1, 8, 32), "n": 4},
        {"batch": [1, 8, 32], "n": DimRange(4, 4, 4)},
        ["batch=1:8:32", "n=4"],
        ("batch=1:8:32", "n=4:4:4"),
    ],
)
def test_dims_are_ranges_or_words(dims: Any) -> None:
    assert api.read_dims(dims) == {"batch": DimRange(1, 8, 32), "n": DimRange(4, 4, 4)}


def test_an_open_dim() -> None:
    assert api.read_dims({"batch": (1, 8, None)}) == api.read_dims("batch=1:8:") == {"batch": DimRange(1, 8, None)}
    assert api.read_dims(None) == {}


@pytest.mark.parametrize(
    "dims",
    [{"batch": (1, 2)}, {"batch": (None, 2, 3)}, {"batch": (3, 2, 1)}, {"batch": "many"}, ["batch"], {"batch": 1.5}],
)
def test_what_is_no_dim(dims: Any) -> None:
    with pytest.raises(UsageError) as caught:
        api.read_dims(dims)
    assert caught.value.code == "bad-dim"


# --- convert --------------------------------------------------------------------------------------------


def test_a_conversion(alpha: Path) -> None:
    result = mlconvert.convert(str(alpha), to="gamma", dims={"batch": (1, 2, 5)}, passes="tidy", via="beta")
    assert isinstance(result, mlconvert.Result)
    assert result.parity["status"] == "passed"
    assert [step["stage"] for step in result.manifest["route"]] == ["alpha2beta", "beta2beta.tidy", "beta2gamma"]
    assert result._repr_html_().startswith("<table>")


def test_a_live_model(tmp_path: Path) -> None:
    model = Line(weight=(3.0,), bias=(1.0,))
    result = mlconvert.convert(model, "beta", tmp_path / "live.beta", inputs=["x:float32[batch,1]=0..1"])
    assert result.manifest["source"]["file"] is None
    assert result.artifact.signature.inputs[0].range == (0.0, 1.0)


def test_failed_parity_raises_with_the_result(alpha: Path) -> None:
    with pytest.raises(ParityError, match="parity failed") as caught:
        mlconvert.convert(alpha, "beta", options={"alpha2beta": {"mischief": "wrong"}})
    error = caught.value
    assert (error.code, error.where, error.exit_code) == ("parity-failed", "weight[0]", 3)
    assert error.result.artifact.path == alpha.with_name("m.beta.rejected")
    assert "m.beta.rejected" in error.fix


def test_unproven_is_enough_unless_proof_is_required(alpha: Path) -> None:
    options = {"alpha2beta": {"mischief": "device"}}
    assert mlconvert.convert(alpha, "beta", options=options).parity["status"] == "unproven"
    with pytest.raises(ParityError) as caught:
        mlconvert.convert(alpha, "beta", options=options, require_proof=True, force=True)
    assert caught.value.code == "parity-unproven"


def test_a_listener_hears_of_the_work(alpha: Path) -> None:
    heard: list[str] = []
    mlconvert.convert(alpha, "beta", listen=lambda kind, _: heard.append(kind), cache=False)
    assert {"route", "hop", "log", "progress", "check"} == set(heard)


def test_a_forbidden_licence(alpha: Path) -> None:
    with pytest.raises(UsageError, match="no route"):
        mlconvert.convert(alpha, "beta", via="alpha2beta.rival", forbid_license=["AGPL-3.0"])


# --- open -----------------------------------------------------------------------------------------------


def test_a_runner_for_any_artifact(alpha: Path) -> None:
    x = np.ones((4, 3), np.float32)
    expected = x * Line().weight + Line().bias
    for target in ("beta", "gamma", "delta"):
        path = mlconvert.convert(alpha, target, dims={"batch": (1, 2, 3)}).artifact.path
        with mlconvert.open(path) as runner:
            assert runner.signature.dims == {"batch": DimRange(1, 2, 3)}, "its manifest says so"
            assert np.allclose(runner.run({"x": x})["y"], expected)
            assert runner.seconds > 0
    with mlconvert.open(str(alpha), format="alpha") as runner:
        assert runner.signature == Line().signature


def test_what_cannot_be_opened(tmp_path: Path, alpha: Path) -> None:
    def code(path: Path, **given: Any) -> str:
        with pytest.raises(ConversionError) as caught, mlconvert.open(path, **given):
            pass
        return caught.value.code

    assert code(tmp_path / "missing") == "no-such-file"
    assert code(alpha, format="beta") == "wrong-format"
    assert code(alpha, format="betta") == "unknown-format"
    assert code(line.omega(tmp_path / "m.omega", Line())) == "no-runner"
    line.alpha(alpha, Line(quirks={"code": "rm"}))
    assert code(alpha) == "needs-trust"
    with mlconvert.open(alpha, trust=True):
        pass
    with pytest.raises(DeviceAbsentError):
        mlconvert.open(line.beta(tmp_path / "m.beta", Line(quirks={"device": "abacus"}))).__enter__()


# --- inspect --------------------------------------------------------------------------------------------


def test_what_an_artifact_is(alpha: Path) -> None:
    made = mlconvert.convert(alpha, "delta", dims={"batch": (1, 2, 3)})
    found = mlconvert.inspect(made.artifact.path)
    assert (found["artifact"], found["format"], found["flavour"]) == ("m.delta", "delta", None)
    assert found["bytes"] == made.manifest["bytes"]
    assert found["signature"]["dims"] == {"batch": [1, 2, 3]}
    assert found["description"] == {"features": 3}
    assert found["manifest"] == made.manifest
    assert (found["executes"], found["manifest_absent"]) == (None, None)


def test_a_file_without_a_manifest(alpha: Path) -> None:
    found = mlconvert.inspect(alpha)
    assert found["signature"]["inputs"][0]["name"] == "x"
    assert (found["manifest"], found["manifest_absent"]) == (None, "there is no manifest beside it")
    made = mlconvert.convert(alpha, "beta").artifact.path
    made.write_text(made.read_text().replace("{}", "{ }"))
    assert mlconvert.inspect(made)["manifest_absent"] == "the manifest beside it is of other bytes"


def test_a_file_that_can_execute_code_is_not_opened(alpha: Path) -> None:
    line.alpha(alpha, Line(quirks={"code": "rm"}))
    found = mlconvert.inspect(alpha)
    assert found["executes"] == "it holds the code rm"
    assert found["signature"] is None
    assert mlconvert.inspect(alpha, trust=True)["signature"] is not None


# --- validate: tests/test_validation.py has the rest ----------------------------------------------------


def test_the_words_of_a_comparison(alpha: Path, tmp_path: Path) -> None:
    near = line.beta(tmp_path / "near.beta", Line(weight=(2.01, -1.0, 0.5)))
    found = mlconvert.validate(alpha, near, atol=1.0, rtol=0.0, inputs="x:float32[batch,3]=-9..9", dims="batch=2:4:6")
    assert found.status == "passed"
    probes = found.document["artifacts"][0]["check"]["probes"]
    assert [probe["sizes"]["batch"] for probe in probes] == [4, 4, 2, 6]
    data = tmp_path / "data.npz"
    np.savez(data, x=np.zeros((1, 3), np.float32))
    assert mlconvert.validate(alpha, near, data=data).status == "passed"
    with pytest.raises(ConversionError, match="no input 'z'"):
        mlconvert.validate(alpha, near, inputs="z:float32[1,3]")


def test_a_comparison_needs_trust_too(alpha: Path, tmp_path: Path) -> None:
    beta = line.beta(tmp_path / "m.beta", Line())
    line.alpha(alpha, Line(quirks={"code": "rm"}))
    with pytest.raises(ConversionError) as caught:
        mlconvert.validate(alpha, beta)
    assert caught.value.code == "needs-trust"
    assert mlconvert.validate(alpha, beta, trust=True).status == "passed"


# --- graph ----------------------------------------------------------------------------------------------


def test_the_graph() -> None:
    found = api.graph()
    stages: Mapping[str, Any] = {stage["name"]: stage for stage in found["stages"]}
    assert stages["alpha2beta"]["available"]
    assert stages["alpha2beta.rival"]["licence"] == "AGPL-3.0"
    assert "alpha2omega" in found["words"]
    assert {"name": "omega", "suffix": ".omega", "runner": False} in found["formats"]


def test_the_package_shows_its_names() -> None:
    code = "import mlconvert; assert 'convert' in dir(mlconvert); from mlconvert import *; print(convert, Result)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        mlconvert.nothing  # noqa: B018  # the attribute is what is asked for

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlconvert import parity
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.parity import status_of
from mlconvert.signature import DimRange
from mlconvert.stage import Tolerance
from mlconvert_toys import line
from mlconvert_toys.line import Line

HONEST = Line()
BATCH = DimRange(1, 2, 5)
STAGE = "mlconvert_toys.stages:Alpha2Beta"


class Bench:
    """Holds a toy's beta against its alpha."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(
        self,
        made: Line,
        source: Line = HONEST,
        *,
        data: Path | None = None,
        seed: int = 0,
        dims: DimRange = BATCH,
        **given: Any,
    ) -> dict[str, Any]:
        signature = HONEST.signature.merged([], {"batch": dims})
        alpha = Artifact(line.alpha(self.folder / "m.alpha", source), "alpha", None, signature)
        beta = Artifact(line.beta(self.folder / "m.beta", made), "beta", "text", signature)
        context = {"scratch": self.folder, "cache": self.folder, "data": data, "seed": seed, "trust": False}
        found = parity.check(alpha, beta, context=context, **{"stage": STAGE, **given})
        assert json.loads(json.dumps(found, allow_nan=False)) == found
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_same_line_passes(bench: Bench) -> None:
    found = bench.check(HONEST)
    assert (found["stage"], found["status"], found["reason"]) == ("alpha2beta", "passed", "")
    assert found["tolerance"] == {"rtol": 1e-4, "rms": 1e-4, "atol": None, "from": "declared"}
    assert [probe["label"] for probe in found["probes"]] == ["opt", "opt again", "min", "max"]
    assert [probe["sizes"]["batch"] for probe in found["probes"]] == [2, 2, 1, 5]
    (output,) = found["outputs"]
    assert (output["name"], output["status"], output["max_abs"]) == ("y", "passed", 0)


@pytest.mark.parametrize("weight", [(2.01, -1.0, 0.5), (2.0, 1.0, 0.5), (2.0, -1.0, float("nan"))])
def test_another_line_fails_and_is_localised(bench: Bench, weight: tuple[float, ...]) -> None:
    found = bench.check(Line(weight=weight))
    assert found["status"] == "failed"
    assert found["reason"].startswith("at opt (batch=2): output y")
    assert len(found["probes"]) == 1, "what follows a failure proves nothing"
    wrong = next(n for n in range(3) if weight[n] != HONEST.weight[n])
    assert found["first_bad"]["node"] == f"weight[{wrong}]"
    assert found["first_bad"]["source"] == "line.weight"


def test_a_search_that_fails_does_not_hide_what_failed(bench: Bench) -> None:
    found = bench.check(Line(weight=(2.0,)))
    assert found["status"] == "failed"
    assert "the search for the first bad node failed" in found["first_bad"]["note"]


@pytest.mark.parametrize(
    ("quirk", "reason"),
    [
        (("static", "2"), "at min (batch=1) the artifact does not run: the batch 1 does not fit"),
        (("refuses", "5"), "at max (batch=5) the artifact does not run: the batch 5 does not fit"),
        (("rows", "1"), "at opt (batch=2): output y: shape [1, 3] instead of [2, 3]"),
        (("dtype", "float64"), "at opt (batch=2): output y: dtype float64 instead of float32"),
    ],
)
def test_what_else_fails(bench: Bench, quirk: tuple[str, str], reason: str) -> None:
    found = bench.check(HONEST.with_quirk(*quirk))
    assert (found["status"], found["reason"]) == ("failed", reason)
    assert found["probes"][-1]["status"] == "failed"


def test_an_output_that_is_missing_fails(bench: Bench) -> None:
    found = bench.check(Line(output="z"))
    assert found["reason"] == "at opt (batch=2): output y: the artifact does not give this output"


def test_nan_on_both_sides_proves_nothing(bench: Bench) -> None:
    nan = Line(weight=(float("nan"),) * 3)
    assert bench.check(nan, nan)["status"] == "unproven"


# --- comparisons that could not have failed -------------------------------------------------------------


@pytest.mark.parametrize(
    "constant", [Line(weight=(0.0, 0.0, 0.0)), Line(weight=(1e-7, 1e-7, 1e-7), bias=(1.0, 1.0, 1.0))]
)
def test_a_constant_is_insensitive(bench: Bench, constant: Line) -> None:
    found = bench.check(constant, constant)
    assert found["status"] == "unproven"
    assert found["reason"] == "insensitive: y would have passed with the answer to other inputs"
    assert found["outputs"][0]["status"] == "insensitive"


@pytest.mark.parametrize("seed", range(6))
def test_a_label_gets_the_draws_that_it_takes_to_move(bench: Bench, seed: int) -> None:
    largest = Line(bias=(0.0, 0.0, 0.0), quirks={"label": "largest"})
    assert bench.check(largest, largest, seed=seed, dims=DimRange(1, 1, 1))["status"] == "passed"
    frozen = Line(bias=(0.0, 0.0, 0.0), quirks={"label": "first"})
    assert bench.check(frozen, largest, seed=seed, dims=DimRange(1, 1, 1))["status"] == "failed"
    assert bench.check(frozen, frozen, seed=seed, dims=DimRange(1, 1, 1))["status"] == "unproven"


def test_a_looser_tolerance_can_make_it_insensitive(bench: Bench) -> None:
    assert bench.check(HONEST, atol=100.0)["status"] == "unproven"


def test_small_outputs_are_held_to_their_own_size(bench: Bench) -> None:
    small = Line(weight=(2e-6, -1e-6, 5e-7), bias=(0.0, 0.0, 0.0))
    assert bench.check(small, small)["status"] == "passed"
    assert bench.check(Line(weight=(2.01e-6, -1e-6, 5e-7), bias=small.bias), small)["status"] == "failed"


# --- tolerances -----------------------------------------------------------------------------------------


def test_the_users_tolerance_stands_in_the_report(bench: Bench) -> None:
    near = Line(weight=(2.001, -1.0, 0.5))
    found = bench.check(near, atol=0.01)
    assert found["status"] == "passed"
    assert found["tolerance"] == {"rtol": 1e-4, "rms": 1e-4, "atol": 0.01, "from": "user"}
    assert bench.check(near, rtol=0.01)["tolerance"]["rtol"] == 0.01
    assert bench.check(near, rtol=0.0, atol=0.0)["status"] == "failed"


def test_a_declared_atol_stays_when_rtol_is_given(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlconvert_toys.stages import Alpha2Beta

    monkeypatch.setattr(Alpha2Beta, "tolerance", lambda *_: Tolerance(rtol=0.0, atol=0.0))
    assert bench.check(HONEST)["tolerance"]["atol"] == 0.0
    assert bench.check(HONEST, rtol=1e-9)["tolerance"] == {"rtol": 1e-9, "rms": 1e-4, "atol": 0.0, "from": "user"}


# --- what cannot be run ---------------------------------------------------------------------------------


def test_an_absent_device_leaves_it_unproven(bench: Bench) -> None:
    found = bench.check(HONEST.with_quirk("device", "quantum computer"))
    assert found["status"] == "unproven"
    assert found["reason"] == "it runs on a quantum computer alone"
    assert found["fix"] == "run `mlconvert validate` beside a quantum computer"
    assert found["probes"] == found["outputs"] == []


def test_a_format_without_a_runner_is_unproven(bench: Bench, tmp_path: Path) -> None:
    omega = Artifact(line.omega(tmp_path / "m.omega", HONEST), "omega", None, HONEST.signature)
    context = {"scratch": tmp_path, "cache": tmp_path}
    found = parity.check(omega, omega, stage=None, context=context)
    assert (found["status"], found["reason"]) == ("unproven", "there is no runner for omega")


def test_a_source_that_fails_is_the_users_to_mend(bench: Bench) -> None:
    with pytest.raises(ConversionError, match=r"the source model itself fails at max \(batch=5\)") as caught:
        bench.check(HONEST, HONEST.with_quirk("refuses", "5"))
    assert caught.value.code == "source-fails"
    assert caught.value.where == "reshape_1"
    assert "--dim" in caught.value.fix


# --- the user's data ------------------------------------------------------------------------------------


def npz(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


def test_the_users_data_is_what_is_compared(bench: Bench, tmp_path: Path) -> None:
    data = npz(tmp_path, x=np.ones((7, 3), np.float32), unused=np.zeros(1))
    found = bench.check(HONEST, data=data)
    assert found["status"] == "passed"
    assert [probe["label"] for probe in found["probes"]] == ["data.npz"]
    # Seven rows come in batches that the signature allows, of five and of two.
    assert bench.check(HONEST.with_quirk("refuses", "5"), data=data)["status"] == "failed"


def broken(folder: Path, kind: str) -> Path:
    path = folder / "data.npz"
    if kind == "text":
        path.write_text("no archive")
    elif kind == "array":
        with path.open("wb") as stream:
            np.save(stream, np.zeros(3))
    elif kind == "pickle":
        np.savez(path, x=np.array([{}], dtype=object))
    elif kind == "truncated":
        whole = npz(folder, x=np.zeros((1, 3), np.float32)).read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "damaged":
        whole = bytearray(npz(folder, x=np.arange(3000, dtype=np.float32).reshape(-1, 3)).read_bytes())
        whole[5000] ^= 255
        path.write_bytes(whole)
    elif kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x", b"no array")
    return path


@pytest.mark.parametrize("kind", ["missing", "text", "array", "pickle", "truncated", "damaged", "zip"])
def test_data_that_cannot_be_read(bench: Bench, tmp_path: Path, kind: str) -> None:
    with pytest.raises(ConversionError, match=r"data\.npz") as caught:
        bench.check(HONEST, data=broken(tmp_path, kind))
    assert caught.value.code == ("no-such-file" if kind == "missing" else "bad-data")


def test_data_under_other_names(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="no array for the input 'x'; it has: a, b") as caught:
        bench.check(HONEST, data=npz(tmp_path, a=np.zeros(1), b=np.zeros(1)))
    assert (caught.value.code, caught.value.where) == ("bad-data", "x")


# --- verdicts -------------------------------------------------------------------------------------------


def test_a_route_is_passed_when_every_hop_is() -> None:
    def hop(name: str, status: str) -> dict[str, Any]:
        return {"stage": name, "status": status, "reason": "" if status == "passed" else f"because of {name}"}

    assert status_of([hop("a", "passed"), hop("b", "passed")])["status"] == "passed"
    mixed = status_of([hop("a", "passed"), hop("b", "unproven"), hop("c", "failed")])
    assert (mixed["status"], mixed["reason"]) == ("failed", "c: because of c")
    assert status_of([hop("a", "passed"), hop("b", "unproven")])["reason"] == "b: because of b"
    assert status_of([]) == {"status": "unproven", "reason": "not validated (--no-validate)", "checks": []}

"""Several artifacts against one source, as one document; and judging it again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlconvert
from mlconvert import validation
from mlconvert.errors import ConversionError, UsageError
from mlconvert.rejudging import rejudged
from mlconvert.stage import Tolerance
from mlconvert_toys import line
from mlconvert_toys.line import Line

HONEST = Line()
NEAR = Line(weight=(2.001, -1.0, 0.5))
WRONG = Line(weight=(5.0, -1.0, 0.5))


@pytest.fixture
def alpha(tmp_path: Path) -> Path:
    return line.alpha(tmp_path / "m.alpha", HONEST)


def validated(source: Any, *artifacts: Path, **words: Any) -> dict[str, Any]:
    found = validation.run(validation.Question(source, artifacts, **words))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found


def test_several_artifacts_and_one_source(alpha: Path, tmp_path: Path) -> None:
    beta = mlconvert.convert(alpha, "beta", dims={"batch": (1, 2, 3)}).artifact.path
    gamma = mlconvert.convert(alpha, "gamma", dims={"batch": (1, 2, 3)}).artifact.path
    wrong = line.beta(tmp_path / "wrong.beta", WRONG)
    found = validated(alpha, beta, gamma, wrong)
    assert (found["kind"], found["schema"], found["status"]) == ("validation", 1, "failed")
    assert found["reason"].startswith("wrong.beta: at opt (batch=1): output y is off by")
    assert found["command"] == "mlconvert validate m.alpha m.beta m.gamma wrong.beta"
    assert found["source"]["label"] == "m.alpha"
    assert found["data"] == {"from": "drawn", "rows": None, "seed": 0}
    one, two, three = found["artifacts"]
    assert [entry["check"]["status"] for entry in (one, two, three)] == ["passed", "passed", "failed"]
    assert (one["check"]["stage"], two["check"]["stage"]) == ("alpha2beta", None), "no stage joins the second pair"
    assert [step["stage"] for step in two["route"]] == ["alpha2beta", "beta2gamma"]
    assert [probe["sizes"]["batch"] for probe in one["check"]["probes"]] == [2, 2, 1, 3]
    assert three["check"]["first_bad"]["node"] == "weight[0]"
    assert len(three["check"]["probes"]) > 1, "all inputs are tried"
    assert one["check"]["outputs"][0]["details"]["elements"] == 3 * (2 + 2 + 1 + 3)


def test_a_failed_artifact_counts_for_more_than_an_unproven_one(alpha: Path, tmp_path: Path) -> None:
    absent = line.beta(tmp_path / "far.beta", HONEST.with_quirk("device", "abacus"))
    wrong = line.beta(tmp_path / "wrong.beta", WRONG)
    assert validated(alpha, absent)["status"] == "unproven"
    assert validated(alpha, absent, wrong)["status"] == "failed"


def test_files_of_one_name_are_told_apart(alpha: Path, tmp_path: Path) -> None:
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
        line.beta(tmp_path / folder / "m.beta", HONEST)
    found = validated(alpha, tmp_path / "old" / "m.beta", tmp_path / "new" / "m.beta")
    assert [entry["label"] for entry in found["artifacts"]] == ["old/m.beta", "new/m.beta"]


def test_the_users_data_and_what_is_said_of_them(alpha: Path, tmp_path: Path) -> None:
    beta = line.beta(tmp_path / "m.beta", HONEST)
    data = tmp_path / "data.npz"
    np.savez(data, x=np.random.default_rng(0).normal(size=(9000, 3)).astype(np.float32))
    found = validated(alpha, beta, data=str(data))
    assert found["data"] == {"from": "data.npz", "rows": 9000, "seed": 0}
    check = found["artifacts"][0]["check"]
    assert (check["status"], check["outputs"][0]["details"]["elements"]) == ("passed", 27000)
    assert [probe["label"] for probe in check["probes"]] == ["data.npz"]


# --- refusals ---------------------------------------------------------------------------------------------


def test_other_inputs_are_a_refusal(alpha: Path, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"takes x:float32\[batch,3\], and z.beta takes z:float32") as caught:
        validated(alpha, line.beta(tmp_path / "z.beta", Line(input="z")))
    assert caught.value.code == "signature-mismatch"
    with pytest.raises(ConversionError, match=r"and w\.beta takes"):
        validated(alpha, line.beta(tmp_path / "w.beta", Line(weight=(1.0, 2.0), bias=(0.0, 0.0))))


def test_a_manifest_of_other_bytes_is_a_refusal(alpha: Path, tmp_path: Path) -> None:
    made = mlconvert.convert(alpha, "beta").artifact.path
    shutil.copy(line.beta(tmp_path / "other.beta", NEAR), made)
    with pytest.raises(ConversionError, match="its sha256 differs") as caught:
        validated(alpha, made)
    assert (caught.value.code, caught.value.where) == ("manifest-mismatch", "m.beta")


def test_a_reproducer_replaces_nobodys_files(alpha: Path, tmp_path: Path) -> None:
    wrong = line.beta(tmp_path / "wrong.beta", WRONG)
    with pytest.raises(ConversionError, match="is not empty") as caught:
        validated(alpha, wrong, reproducer=tmp_path)
    assert caught.value.code == "exists"
    for _ in range(2):
        found = validated(alpha, wrong, reproducer=tmp_path / "new")
    assert found["artifacts"][0]["check"]["first_bad"]["reproducer"] == "new"
    assert (tmp_path / "new" / "README.txt").is_file()


def test_an_artifact_without_bounds_has_those_of_its_source(alpha: Path, tmp_path: Path) -> None:
    made = mlconvert.convert(alpha, "beta", dims={"batch": (2, 3, 4)}).artifact.path
    found = validated(made, line.beta(tmp_path / "bare.beta", HONEST))
    assert [probe["sizes"]["batch"] for probe in found["artifacts"][0]["check"]["probes"]][:3] == [3, 3, 2]


# --- judging again ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (NEAR, {"atol": 0.01}),
        (NEAR, {"atol": 1e-6}),
        (NEAR, {"rtol": 0.1}),
        (NEAR, {"rtol": 0.0, "atol": 0.0}),
        (NEAR, {"atol": 1e6}),
        (WRONG, {"rtol": 0.01}),
        (HONEST.with_quirk("refuses", "3"), {"atol": 1e3}),
        (HONEST.with_quirk("dtype", "float64"), {"atol": 1.0}),
        (HONEST.with_quirk("device", "abacus"), {"atol": 1.0}),
    ],
)
def test_judging_again_says_what_running_again_would(
    alpha: Path, tmp_path: Path, made: Line, words: dict[str, float]
) -> None:
    beta = line.beta(tmp_path / "made.beta", made)
    again = rejudged(validated(alpha, beta), **words)
    anew = validated(alpha, beta, **words)
    assert again["status"] == anew["status"]
    (one,), (other,) = again["artifacts"], anew["artifacts"]
    assert one["check"]["reason"] == other["check"]["reason"]
    # What does not move is drawn again by a run.
    same = len(one["check"]["probes"]) == len(other["check"]["probes"])
    for mine, theirs in zip(one["check"]["outputs"], other["check"]["outputs"], strict=True):
        assert mine["status"] == theirs["status"]
        assert not same or mine["excess"] == pytest.approx(theirs["excess"])
    statuses = [[probe["status"] for probe in entry["check"]["probes"]] for entry in (one, other)]
    assert statuses[0] == statuses[1][: len(statuses[0])]
    assert same or again["status"] == "unproven"
    if one["check"]["outputs"]:
        assert one["check"]["tolerance"] == other["check"]["tolerance"]


def test_what_was_not_seen_to_move_that_far_is_unproven(alpha: Path, tmp_path: Path) -> None:
    """Running again would draw more inputs; judging again has those that were drawn."""
    found = validated(alpha, line.beta(tmp_path / "wrong.beta", WRONG))
    again = rejudged(found, rtol=2.0)
    assert (again["status"], again["artifacts"][0]["check"]["outputs"][0]["status"]) == ("unproven", "insensitive")


def test_a_verdict_that_passes_names_no_bad_node(alpha: Path, tmp_path: Path) -> None:
    found = validated(alpha, line.beta(tmp_path / "near.beta", NEAR))
    assert found["artifacts"][0]["check"]["first_bad"] is not None
    again = rejudged(found, atol=0.1)
    assert again["status"] == "passed"
    assert "first_bad" not in again["artifacts"][0]["check"]
    assert found["status"] == "failed", "what was saved stays"


def test_no_tolerances_change_nothing(alpha: Path, tmp_path: Path) -> None:
    found = validated(alpha, line.beta(tmp_path / "near.beta", NEAR))
    assert rejudged(found) == found
    with pytest.raises(UsageError, match="--atol"):
        rejudged(found, atol=-1.0)


def test_ulps_give_way_to_what_the_user_says(alpha: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = validated(alpha, line.beta(tmp_path / "near.beta", NEAR))
    check = found["artifacts"][0]["check"]
    check["tolerance"] = {**Tolerance(ulps=4).as_json(), "from": "declared"}
    again = rejudged(found, rtol=0.1)["artifacts"][0]["check"]
    assert again["tolerance"] == {"rtol": 0.1, "rms": 1e-4, "atol": None, "from": "user"}
    assert again["status"] == "passed"

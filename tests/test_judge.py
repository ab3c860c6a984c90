from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from mlconvert.errors import ConversionError
from mlconvert.judge import Judge
from mlconvert.probes import Probe
from mlconvert.stage import Tolerance


def test_answers_to_the_same_inputs_are_no_sign_of_insensitivity() -> None:
    judge = Judge(Tolerance())
    same = {"x": np.ones(3)}
    for _ in range(2):
        judge.add(Probe("opt", {}, same), {"y": np.ones(3)}, {"y": np.ones(3)})
    assert judge.entry()["status"] == "passed"


def test_one_output_of_two_that_never_moves() -> None:
    judge = Judge(Tolerance())
    for seed in range(2):
        drawn = np.random.default_rng(seed).normal(size=3)
        answer = {"y": 2 * drawn, "constant": np.ones(3)}
        judge.add(Probe("opt", {}, {"x": drawn}), answer, answer)
    entry = judge.entry()
    assert entry["status"] == "unproven"
    assert [output["status"] for output in entry["outputs"]] == ["passed", "insensitive"]


# --- probes in parts --------------------------------------------------------------------------------------


def rows(generator: np.random.Generator, count: int, scale: float = 1.0) -> tuple[Probe, dict[str, np.ndarray]]:
    x = generator.normal(size=(count, 3))
    return Probe("rows.csv", {}, {"x": x}), {"y": scale * x}


def judged(parts: list[tuple[Probe, dict[str, np.ndarray], dict[str, np.ndarray]]], **options: Any) -> Judge:
    judge = Judge(Tolerance(rtol=0.0, rms=0.01), **options)
    for probe, expected, got in parts:
        judge.add(probe, expected, got, more=True)
    judge.settle(parts[-1][0])
    return judge


def test_parts_share_one_tolerance() -> None:
    """A batch of small answers is held to the size of all of them."""
    generator = np.random.default_rng(0)
    (one, large), (two, small) = rows(generator, 50), rows(generator, 50, 1e-3)
    parts = [(one, large, large), (two, small, {"y": small["y"] + 1e-4})]
    judge = judged(parts)
    assert judge.entry()["status"] == "passed"
    assert len(judge.probes) == 1
    alone = judged(parts[1:])
    assert alone.entry()["status"] == "failed"


def test_the_part_that_is_furthest_off_is_the_one_to_look_at() -> None:
    generator = np.random.default_rng(0)
    parts = []
    for number in range(5):
        probe, answer = rows(generator, 20)
        parts.append((probe, answer, {"y": answer["y"] + (0.5 if number == 2 else 0.02 * number)}))
    judge = judged(parts)
    assert judge.failed
    assert judge.bad is parts[2][0]
    assert judge.reason.startswith("at rows.csv: output y is off by 0.5")


def test_what_is_no_number_ends_the_probe_at_once() -> None:
    generator = np.random.default_rng(0)
    probe, answer = rows(generator, 20)
    judge = Judge(Tolerance())
    judge.add(probe, answer, {"y": np.full((20, 3), np.nan)}, more=True)
    assert judge.failed
    assert not judge.pending


@pytest.mark.parametrize("constant", [False, True])
def test_one_batch_of_rows_tells_whether_the_output_moves(constant: bool) -> None:
    probe, answer = rows(np.random.default_rng(0), 20)
    if constant:
        answer = {"y": np.ones((20, 3))}
    found = judged([(probe, answer, answer)]).entry()
    assert found["status"] == ("unproven" if constant else "passed")


def test_equal_rows_prove_nothing_either_way() -> None:
    probe = Probe("rows.csv", {}, {"x": np.full((4, 2), np.nan)})
    assert judged([(probe, {"y": np.ones(4)}, {"y": np.ones(4)})]).entry()["status"] == "passed"


# --- details ----------------------------------------------------------------------------------------------


def test_a_detailed_judge_goes_on_and_keeps_what_a_report_shows() -> None:
    judge = Judge(Tolerance(), detailed=True)
    generator = np.random.default_rng(0)
    for number, off in enumerate((0.0, 0.1, 0.2)):
        y = generator.normal(size=(8, 10)).astype(np.float32)
        probe = Probe(f"draw {number}", {"batch": 8}, {"x": y})
        judge.add(probe, {"y": y}, {"y": (y + np.float32(off))})
    entry = judge.entry()
    assert json.loads(json.dumps(entry, allow_nan=False)) == entry
    assert [probe["status"] for probe in entry["probes"]] == ["passed", "failed", "failed"]
    assert entry["reason"].startswith("at draw 1 (batch=8)")
    details = entry["outputs"][0]["details"]
    assert details["elements"] == 240
    assert details["mean_abs"] == pytest.approx(0.1, rel=1e-3)
    assert details["abs_histogram"][0] == [0.0, 0.0, 80]
    assert sum(count for *_, count in details["ulp_histogram"]) == 240
    assert [envelope["probe"] for envelope in details["envelopes"]] == [0, 1, 2]
    assert details["abs_percentiles"]["50"] == pytest.approx(0.1, rel=0.02)
    assert details["top5"] == 1.0
    assert details["movement"]["corners"]


def test_an_artifact_that_refuses_some_inputs_says_on_which() -> None:
    judge = Judge(Tolerance(), detailed=True)
    judge.refused(Probe("min", {"batch": 1}, {}), ConversionError("no batch of 1", code="bad-input"))
    entry = judge.entry()
    assert entry["reason"] == "at min (batch=1) the artifact does not run: no batch of 1"
    assert entry["probes"] == [{"label": "min", "sizes": {"batch": 1}, "status": "failed", "refused": True}]

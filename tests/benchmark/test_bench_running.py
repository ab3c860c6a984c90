"""Whole benchmarks of the toys: parity before the clock, turns in processes, gates, and one document."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

import mlconvert
from architecture import CORE
from mlconvert import cli
from mlconvert.benchmark.settings import Settings, read_counts
from mlconvert.errors import ConversionError, UsageError
from mlconvert.worker import Worker
from mlconvert_toys import line
from mlconvert_toys.line import Line

QUICK: dict[str, Any] = {"processes": 2, "seconds": 0.02}
FLAGS = ("--processes", "2", "--seconds", "0.02")
SCHEMA = json.loads((CORE / "reports" / "schema" / "benchmark-1.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source, what has been made of it, and what only looks like it."""
    folder = tmp_path_factory.mktemp("bench")
    line.alpha(folder / "m.alpha")
    mlconvert.convert(folder / "m.alpha", "beta", dims={"batch": (1, 2, 8)})
    line.beta(folder / "wrong.beta", Line(weight=(5.0, -1.0, 0.5)))
    line.beta(folder / "static.beta", Line().with_quirk("static", "4"))
    line.beta(folder / "absent.beta", Line().with_quirk("device", "GPU"))
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    gates = ["size > 1B", "p50 > 1000s", "p50 > 0.001 * base"]
    paths = [folder / name for name in ("m.alpha", "m.beta", "wrong.beta", "absent.beta")]
    benchmark = mlconvert.bench(*paths, batch="1,3", clients=2, fail_if=gates, **QUICK)
    return dict(benchmark.document)


def test_the_document_is_what_its_schema_says(found: dict[str, Any]) -> None:
    jsonschema.validate(json.loads(json.dumps(found, allow_nan=False)), SCHEMA)


def test_every_cell_was_measured(found: dict[str, Any]) -> None:
    places = {(cell["batch"], cell["threads"], cell["clients"], cell["subject"]) for cell in found["cells"]}
    assert places == {(b, 1, 2, name) for b in (1, 3) for name in ("m.alpha", "m.beta")}
    for cell in found["cells"]:
        assert 0 < min(cell["samples"]) <= cell["p50"] <= cell["p90"] <= cell["p95"] <= cell["p99"]
        assert cell["throughput"] > 0 and len(cell["samples"]) <= 2000
    assert [len(found["noise"]), found["settings"]["rounds"]] == [2, 5]


def test_the_source_has_no_ratio_and_artifacts_have(found: dict[str, Any]) -> None:
    for cell in found["cells"]:
        if cell["subject"] == "m.alpha":
            assert cell["ratio"] is None
        else:
            assert cell["ratio"]["low"] <= cell["ratio"]["median"] <= cell["ratio"]["high"]


def test_what_fails_parity_is_not_timed(found: dict[str, Any]) -> None:
    wrong, absent = found["subjects"][2:]
    assert (wrong["timed"], wrong["parity"]["status"]) == (False, "failed")
    assert "output y is off by" in wrong["why_not"] and wrong["load_seconds"] == []
    assert (absent["timed"], absent["parity"]["status"], absent["why_not"]) == (
        False, "unproven", "it runs on a GPU alone",
    )  # fmt: skip
    assert found["status"] == "failed"
    assert "wrong.beta does not compute what its source computes" in found["reason"]


def test_starting_is_measured_once_for_each_process(found: dict[str, Any]) -> None:
    for one in found["subjects"][:2]:
        assert [len(one[key]) for key in ("load_seconds", "first_load_seconds", "memory_bytes")] == [2, 2, 2]
        assert min(one["memory_bytes"]) > 10 * 2**20
    assert [step["stage"] for step in found["subjects"][1]["route"]] == ["alpha2beta"]
    assert found["subjects"][1]["clock"].endswith("each client has its own")


def test_gates_are_held_against_what_was_timed(found: dict[str, Any]) -> None:
    by = {expression: [one for one in found["gates"] if one["expression"] == expression] for expression in
          ("size > 1B", "p50 > 1000s", "p50 > 0.001 * base")}  # fmt: skip
    assert [len(ones) for ones in by.values()] == [1, 2, 2]
    assert by["size > 1B"][0]["failed"] and by["size > 1B"][0]["batch"] is None
    assert by["size > 1B"][0]["value"] == found["subjects"][1]["bytes"]
    assert not any(one["failed"] for one in by["p50 > 1000s"])
    assert "m.beta: size > 1B" in found["reason"]


def test_the_command_asks_for_the_same(found: dict[str, Any]) -> None:
    assert found["command"] == (
        "mlconvert bench m.alpha m.beta wrong.beta absent.beta --batch 1,3 --clients 2 --seconds 0.02 --processes 2 "
        "--fail-if 'size > 1B' --fail-if 'p50 > 1000s' --fail-if 'p50 > 0.001 * base'"
    )


def test_a_baked_in_batch(folder: Path) -> None:
    """It is taken where no other is asked for, and refused in one line where one is."""
    source, static = folder / "m.alpha", folder / "static.beta"
    cells = mlconvert.bench(source, static, **QUICK).document["cells"]
    assert {cell["batch"] for cell in cells} == {4}
    with pytest.raises(ConversionError, match=r"static\.beta takes batches of 4 alone, not of 1"):
        mlconvert.bench(source, static, batch=1, **QUICK)


def test_a_live_source_and_the_users_rows(folder: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "rows.npz", x=np.ones((4, 3), np.float32) * np.arange(4, dtype=np.float32)[:, None])
    found = mlconvert.bench(Line(), folder / "m.beta", data=tmp_path / "rows.npz", batch=2, **QUICK)
    assert found.status == "passed"
    assert [cell["batch"] for cell in found.document["cells"]] == [2, 2]


def test_nothing_is_timed_where_nothing_passes(folder: Path) -> None:
    found = mlconvert.bench(folder / "m.alpha", folder / "wrong.beta", **QUICK).document
    assert (found["status"], found["cells"], found["noise"]) == ("failed", [], [])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("m.beta", "--fail-if", "size > 1B"), 1, "size > 1B"),
        (("wrong.beta",), 3, "wrong.beta"),
        (("m.beta", "--fail-if", "p51 > base"), 2, "did you mean"),
        (("m.beta", "--batch", "1,x"), 2, "--batch takes numbers like 1,8,32"),
        (("m.beta", "--processes", "1"), 2, "one cannot say how processes differ"),
        (("missing.beta",), 1, "there is no file"),
    ],
)
def test_exit_codes(
    words: tuple[str, ...],
    code: int,
    said: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    assert cli._run(["bench", "m.alpha", *FLAGS, *words]) == code
    shown = capsys.readouterr()
    assert said in shown.out + shown.err


def test_settings_that_are_none() -> None:
    for name, value in (("batch", (0,)), ("seconds", 0.0), ("margin", 1.0), ("confidence", 1.0), ("threads", ())):
        with pytest.raises(UsageError, match=f"--{name}"):
            Settings(**{name: value})
    assert read_counts("batch", "1,8,8,2") == (1, 8, 2)
    assert read_counts("batch", 4) == (4,) and read_counts("batch", None) == ()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to cores")
def test_a_subject_stays_on_the_last_cores(folder: Path) -> None:
    from mlconvert.artifact import Artifact

    with Worker() as worker:
        opened = worker.call(
            "mlconvert.benchmark.measuring:start",
            artifact=Artifact(folder / "m.alpha", "alpha", signature=Line().signature),
            trust=False,
            cores=1,
            clients=1,
        )
        assert opened["pinned"] == [max(os.sched_getaffinity(0))]
        assert 0 < opened["again"] <= opened["first"]
        x = np.zeros((2, 3), np.float32)
        prepared = worker.call("mlconvert.benchmark.measuring:prepare", inputs=[{"x": x}, {"x": x}])
        assert prepared["count"] % 2 == 0
        block = worker.call("mlconvert.benchmark.measuring:block")
        assert block["runs"] == prepared["count"]
        assert block["together"] > block["undisturbed"] > 0
        assert worker.call("mlconvert.benchmark.measuring:close") > 2**20

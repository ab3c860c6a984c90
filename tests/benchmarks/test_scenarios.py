"""Every scenario of `make bench` runs, at its smallest, and writes what it found."""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from architecture import REPOSITORY

BENCHMARKS = REPOSITORY / "benchmarks"
SMALLEST: dict[str, dict[str, Any]] = {
    "startup": {},
    "overhead": {"models": [("test_resnet", 64)]},
    "memory": {"count": 1, "width": 8},
    "forests": {"cases": [("LightGBM 10x7",)], "batch": 64},
    "routes": {"cases": [("LightGBM 10x7",)], "forms": ("native.jar",), "batch": (1,), "seconds": 0.02},
    "networks": {"cases": [("test_resnet", 64)], "formats": ("onnx",), "batch": (1,), "seconds": 0.02},
    "jars": {"cases": [("LightGBM 10x7",)], "converted": "LightGBM 10x7"},
    "savedmodels": {"cases": [("GRU",)], "settings": ("with oneDNN",), "seconds": 0.02},
}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(BENCHMARKS)


def scenario(name: str) -> ModuleType:
    """By its path: the tests have modules of the same names."""
    spec = importlib.util.spec_from_file_location(f"benchmarks.{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks its module up while it is made.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_scenario_is_here() -> None:
    """But for the one that times nothing, which has tests of its own."""
    assert {path.stem for path in BENCHMARKS.glob("*.py")} - {"conformance"} == set(SMALLEST)


@pytest.mark.parametrize("name", SMALLEST)
def test_scenario(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = importlib.import_module("measure.results")
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    sizes = dict(SMALLEST[name])
    if "cases" in sizes:
        sizes["cases"] = [scenario(name).Case(*case) for case in sizes["cases"]]
    rows = list(scenario(name).measure(1, **sizes))
    results.write(name, "A title", ("ours", "theirs"), rows)
    document = json.loads((tmp_path / f"{name}.json").read_text())
    assert [row["what"] for row in document["rows"]] == [row.what for row in rows]
    assert all(math.isfinite(row["ratio"]["median"]) for row in document["rows"])
    assert all(f"| {row.what} |" in (tmp_path / f"{name}.md").read_text() for row in rows)


@pytest.mark.parametrize("name", [path.stem for path in sorted((BENCHMARKS / "results").glob("*.json"))])
def test_a_committed_result_is_of_its_scenario(name: str) -> None:
    document = json.loads((BENCHMARKS / "results" / f"{name}.json").read_text())
    assert document["scenario"] == name and name in SMALLEST
    assert all(len(row["ours"]) == len(row["theirs"]) for row in document["rows"])


def test_a_ratio_is_that_of_pairs() -> None:
    results = importlib.import_module("measure.results")
    for ours, theirs in (([2.0, 4.0, 6.0], [1.0, 2.0, 3.0]), ([5.0], [2.5])):
        found = results.ratio(ours, theirs)
        assert (found.median, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))


def test_a_command_that_fails_is_no_measurement() -> None:
    processes = importlib.import_module("measure.processes")
    with pytest.raises(RuntimeError, match="said why"):
        processes.run("python", "-c", "raise SystemExit('said why')")

"""Rows of a scenario's table from what `mlconvert.bench` has found."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from typing import Any

from measure.results import Row
from mlconvert.benchmark.statistics import Ratio
from mlconvert.evidence import Benchmark


def rows(what: str, found: Benchmark, goals: Mapping[str, float] | None = None) -> Iterator[Row]:
    """A row for each cell of each artifact, in milliseconds or microseconds a call; `goals` by subject."""
    source = next(one["label"] for one in found.document["subjects"] if one["role"] == "source")
    for one in found.document["subjects"]:
        if not one["timed"]:
            raise RuntimeError(f"{what}: {one['label']} was not timed: {one['why_not']}")
    base = {_place(cell): cell for cell in found.document["cells"] if cell["subject"] == source}
    for cell in found.document["cells"]:
        if cell["ratio"] is not None:
            other = base[_place(cell)]["p50"]
            unit, times = ("ms", 1e3) if other > 1e-3 else ("µs", 1e6)
            known = Ratio(*(cell["ratio"][key] for key in ("median", "low", "high")))
            name = f"{what}: {cell['subject']}, a batch of {cell['batch']}"
            goal = (goals or {}).get(cell["subject"])
            yield Row(name, unit, [cell["p50"] * times], [other * times], goal, known=known)


def loads(what: str, found: Benchmark) -> Iterator[Row]:
    """A row for each artifact: milliseconds of opening it once its packages are loaded."""
    source, *artifacts = found.document["subjects"]
    for one in artifacts:
        yield Row(f"{what}: {one['label']}, loading", "ms", *(_milliseconds(side) for side in (one, source)))


def noise(what: str, found: Benchmark) -> Iterator[Row]:
    """The source against itself: what the measuring alone makes of a ratio."""
    base = {_place(cell): cell for cell in found.document["cells"] if cell["ratio"] is None}
    for one in found.document["noise"]:
        median = base[_place(one)]["p50"] * 1e3
        known = Ratio(*(one["ratio"][key] for key in ("median", "low", "high")))
        name = f"{what}: the source against itself, a batch of {one['batch']}"
        yield Row(name, "ms", [median * known.median], [median], known=known)


def _place(entry: Mapping[str, Any]) -> tuple[int, int, int]:
    return entry["batch"], entry["threads"], entry["clients"]


def _milliseconds(one: Mapping[str, Any]) -> list[float]:
    return [statistics.median(one["load_seconds"]) * 1e3]

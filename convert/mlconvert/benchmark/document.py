"""The document of a benchmark: everything that its reports show, as JSON values."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mlconvert import judge
from mlconvert.benchmark import gates
from mlconvert.benchmark.gates import Gate
from mlconvert.benchmark.settings import Settings
from mlconvert.benchmark.statistics import paired
from mlconvert.benchmark.turns import Cell, Start

# Samples of a cell that the document keeps.
KEPT = 2000
PERCENTILES = (50, 90, 95, 99)


def source(found: Mapping[str, Any]) -> dict[str, Any]:
    """The source, by what a validation says of it."""
    return {**_identity(found), "role": "source", "parity": None, "timed": True, "why_not": "", **started(Start())}


def artifact(found: Mapping[str, Any]) -> dict[str, Any]:
    """An artifact, by what a validation says of it. What has failed is not timed, nor what cannot run on this host."""
    check = found["check"]
    absent = "fix" in check
    timed = not absent and check["status"] != judge.FAILED
    return {
        **_identity(found),
        "role": "artifact",
        "parity": {"status": check["status"], "reason": check["reason"]},
        "timed": timed,
        "why_not": "" if timed else check["reason"],
        **started(Start()),
    }


def _identity(found: Mapping[str, Any]) -> dict[str, Any]:
    names = ("label", "file", "format", "flavour", "bytes", "sha256")
    return {**{name: found[name] for name in names}, "route": found.get("route", [])}


def started(start: Start) -> dict[str, Any]:
    """What starting a subject has shown."""
    return {
        "load_seconds": start.again,
        "first_load_seconds": start.first,
        "memory_bytes": start.memory,
        "clock": start.clock,
    }


def cells(found: Sequence[Cell], base: str, twin: str, settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """`cells` of the source and the artifacts, and the `noise` of the source against itself."""
    shown: dict[str, list[dict[str, Any]]] = {"cells": [], "noise": []}
    for cell in found:
        if cell.subject == base:
            shown["cells"].append({**_cell(cell), "ratio": None})
            continue
        ratio = paired(
            cell.rounds(), base_of(cell, found, base).rounds(), confidence=settings.confidence, seed=settings.seed
        ).as_json(settings.margin)
        if cell.subject == twin:
            place = {"batch": cell.batch, "threads": cell.threads, "clients": cell.clients}
            shown["noise"].append({**place, "ratio": ratio})
        else:
            shown["cells"].append({**_cell(cell), "ratio": ratio})
    return shown


def base_of(cell: Cell, found: Iterable[Cell], source: str) -> Cell:
    """The source's cell of the same batch, threads and clients."""
    place = (cell.batch, cell.threads, cell.clients)
    return next(one for one in found if one.subject == source and (one.batch, one.threads, one.clients) == place)


def _cell(cell: Cell) -> dict[str, Any]:
    samples = [seconds for process in cell.samples() for seconds in process]
    step = -(-len(samples) // KEPT)
    throughputs = cell.throughputs()
    return {
        "batch": cell.batch,
        "threads": cell.threads,
        "clients": cell.clients,
        "subject": cell.subject,
        "cores": cell.cores,
        "rounds": sum(len(process) for process in cell.processes),
        "runs": sum(block.runs for process in cell.processes for block in process),
        "samples": samples[::step],
        **{f"p{share}": gates.measured(f"p{share}", samples) for share in PERCENTILES},
        "mean": gates.measured("mean", samples),
        "throughput": sum(throughputs) / len(throughputs),
    }


def judged(
    gate: Gate, subject: Mapping[str, Any], source: Mapping[str, Any], cells: Sequence[Cell], settings: Settings
) -> list[dict[str, Any]]:
    """A gate held against one artifact: in each of its cells, or once for what a subject has one of."""
    if gate.metric in gates.OF_SUBJECT:
        nowhere = {"batch": None, "threads": None, "clients": None}
        return [_judged(gate, subject, nowhere, _of_subject(gate, subject), _of_subject(gate, source), settings)]
    found = []
    for cell in cells:
        if cell.subject == subject["label"]:
            place = {"batch": cell.batch, "threads": cell.threads, "clients": cell.clients}
            base = base_of(cell, cells, source["label"])
            values, other = (gates.values_of(gate.metric, one) for one in (cell, base))
            found.append(_judged(gate, subject, place, values, other, settings))
    return found


def _of_subject(gate: Gate, subject: Mapping[str, Any]) -> list[float]:
    if gate.metric == "size":
        return [subject["bytes"]] * 2  # a size is what it is
    found: list[float] = subject["load_seconds" if gate.metric == "load" else "memory_bytes"]
    return found


def _judged(
    gate: Gate,
    subject: Mapping[str, Any],
    place: Mapping[str, int | None],
    values: Sequence[float],
    base: Sequence[float],
    settings: Settings,
) -> dict[str, Any]:
    judgement = gate.judge(values, base, settings.confidence)
    value = judgement.value
    return {
        "expression": gate.expression,
        "subject": subject["label"],
        **place,
        "value": value.median,
        "bound": judgement.bound,
        "low": value.low,
        "high": value.high,
        "failed": judgement.failed,
        "seems": judgement.seems,
    }


def settings_json(settings: Settings, cells: Sequence[Cell]) -> dict[str, Any]:
    """The settings as they were in force: `rounds` of the process that had the fewest, and all cores that were used."""
    pinned = sorted({core for cell in cells for core in cell.cores or ()})
    rounds = min((len(process) for cell in cells for process in cell.processes), default=0)
    own = {key: _listed(value) for key, value in asdict(settings).items()}
    return {**own, "rounds": rounds, "pinned": pinned or None}


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def machine() -> dict[str, Any]:
    """The machine by its class, and how busy it was: what else it does makes times longer, and intervals wider."""
    import psutil

    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory": psutil.virtual_memory().total,
        "load": round(psutil.getloadavg()[0], 2),
    }


def _processor() -> str:
    """The model of the processor, where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )

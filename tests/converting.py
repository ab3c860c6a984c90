"""Conversions in a worker that stays warm: a tree library takes seconds to import."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from mlconvert import frame, judge, sources
from mlconvert.edges import edges
from mlconvert.request import Request
from mlconvert.worker import Worker


def convert(worker: Worker, source: Any, target: str, **given: Any) -> frame.Result:
    """What `mlconvert.convert` makes, also where its parity failed."""
    return frame.run(Request(source, target, **{"cache": False, **given}), worker=worker)


def validate(worker: Worker, source: Path, artifact: Path, **given: Any) -> dict[str, Any]:
    """One artifact held against its source, by the edge between them."""
    one, other = sources.open_path(source), sources.open_path(artifact)
    edge = next(edge for edge in edges() if (edge.source, edge.target) == (one.format, other.format))
    other = replace(other, signature=sources.load_format(other.format).signature(other))
    context = {"scratch": Path(), "cache": Path(), "data": None, "seed": 0, "trust": False}
    found: dict[str, Any] = worker.call(
        "mlconvert.parity:check",
        source=replace(one, signature=other.signature),
        artifact=other,
        stage=edge.reference,
        context=context,
        **given,
    )
    assert found["status"] in (judge.PASSED, judge.FAILED), found["reason"]
    return found

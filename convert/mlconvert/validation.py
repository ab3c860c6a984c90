"""Validating artifacts that stand already: each is held against one source, and one document tells of all of them."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import mlconvert
from mlconvert import contexts, manifest, parity, subjects
from mlconvert.artifact import Artifact
from mlconvert.cache import Cache
from mlconvert.errors import ConversionError
from mlconvert.frame import Listener, memory_limit, unheard
from mlconvert.host import Host
from mlconvert.judge import FAILED, PASSED, UNPROVEN
from mlconvert.ranges import with_ranges
from mlconvert.signature import DimRange, Tensor
from mlconvert.text import for_terminal
from mlconvert.worker import Worker

SCHEMA = 1


@dataclass(frozen=True)
class Question:
    """What a user asks of a source and its artifacts. `source` is a path or a live model; `ranges` are `x=0:255`."""

    source: Any
    artifacts: Sequence[Path]
    inputs: tuple[Tensor, ...] = ()
    dims: Mapping[str, DimRange] = field(default_factory=dict)
    ranges: tuple[str, ...] = ()
    data: str | None = None
    labels: str | None = None
    model: str | None = None
    atol: float | None = None
    rtol: float | None = None
    seed: int = 0
    trust: bool = False
    reproducer: Path | None = None


def run(question: Question, listen: Listener = unheard) -> dict[str, Any]:
    """The document of a validation: what was compared, the verdict on each artifact, and its evidence.

    Raises ConversionError for files that cannot be opened, whose signatures do not fit together, or whose manifest is
    of other bytes; UsageError for tolerances that are none.
    """
    parity.check_tolerances(atol=question.atol, rtol=question.rtol)
    if question.reproducer is not None:
        _check_free(question.reproducer)
    with tempfile.TemporaryDirectory(prefix="mlconvert-") as folder:
        source = subjects.taken(question.source, Path(folder), question.model, trust=question.trust)
        # A live object comes from the caller's own process: it needs no word for it.
        asked = replace(question, trust=question.trust or not isinstance(question.source, (str, Path)))
        artifacts = [subjects.admitted(path, trust=question.trust) for path in question.artifacts]
        for one in (source, *artifacts):
            subjects.check_manifest(one)
        names = subjects.labels([source, *artifacts])
        described: dict[str, Any] = {}
        entries: list[dict[str, Any]] = []
        for artifact, name in zip(artifacts, names[1:], strict=True):
            listen("subject", {"label": name, "number": len(entries), "of": len(artifacts)})
            with Worker(memory=memory_limit()) as worker:
                described = described or {"label": names[0], **subjects.described(worker, source)}
                entries.append({"label": name, **_validated(worker, source, artifact, asked, listen)})
    status, reason = verdict(entries)
    formats = {one.format for one in (source, *artifacts)}
    return {
        "mlconvert": mlconvert.__version__,
        "schema": SCHEMA,
        "kind": "validation",
        "status": status,
        "reason": reason,
        "command": _command(question, names[0]),
        "host": Host.here().as_json(),
        "versions": manifest.versions(["numpy", *subjects.requirements_of(formats)]),
        "source": described,
        "data": _data(question, entries),
        "artifacts": entries,
    }


def _check_free(folder: Path) -> None:
    """Refuse a folder that holds anything but what an earlier run has written: files there would be replaced."""
    held = [] if not folder.exists() else list(folder.iterdir()) if folder.is_dir() else [folder]
    if held and not any((one / "README.txt").is_file() for one in (folder, *held)):
        raise ConversionError(
            f"{for_terminal(folder)} is not empty, and a reproducer would replace files in it",
            code="exists",
            where=folder.name,
            fix="name a new folder",
        )


def _validated(
    worker: Worker, source: Artifact, artifact: Artifact, question: Question, listen: Listener
) -> dict[str, Any]:
    between = subjects.between(source, artifact)
    own = subjects.own_signature(worker, source, trust=question.trust)
    subject = subjects.with_signature(
        worker, artifact, trust=question.trust, inputs=question.inputs, dims=question.dims, source=own
    )
    subjects.check_fit(own, source, subject)
    subject = replace(subject, signature=with_ranges(subject.signature, question.ranges))
    name = between[0].name if len(between) == 1 else "validate"
    data = None if question.data is None else Path(question.data)
    reproducer = question.reproducer
    if reproducer is not None and len(question.artifacts) > 1:
        reproducer = reproducer / artifact.path.name  # of each its own
    with contexts.made(name, Cache(), data, question.seed, question.trust, reproducer) as context:
        check = worker.call(
            "mlconvert.parity:check",
            listen,
            source=replace(source, signature=subject.signature),
            artifact=subject,
            stage=between[-1].reference if between else None,
            reader=between[0].reference if len(between) > 1 else None,
            context=context,
            rtol=question.rtol,
            atol=question.atol,
            labels=question.labels,
            detailed=True,
        )
    listen("check", {**check, "stage": check["stage"] or artifact.path.name})
    entry = manifest.read(artifact.path)
    route = [{"stage": step["stage"], "versions": step.get("versions", {})} for step in entry["route"]] if entry else []
    return {**subjects.described(worker, artifact), "route": route, "check": check}


def verdict(entries: Iterable[Mapping[str, Any]]) -> tuple[str, str]:
    """That of all artifacts: failed where one has failed, passed where each has passed; and why it is not passed."""
    checks = [(entry["label"], entry["check"]) for entry in entries]
    for status in (FAILED, UNPROVEN):
        guilty = [f"{label}: {check['reason']}" for label, check in checks if check["status"] == status]
        if guilty:
            return status, "; ".join(guilty)
    return PASSED, ""


def _data(question: Question, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: Any = next((entry["check"]["data"] for entry in entries if "data" in entry["check"]), {})
    return {"from": "drawn", "rows": None, **found, "seed": question.seed}


def _command(question: Question, source: str) -> str:
    """The command line that asks for the same, with base names, quoted for a shell."""
    words = ["mlconvert", "validate", source, *(path.name for path in question.artifacts)]
    for flag, values in (("--input", question.inputs), ("--range", question.ranges)):
        words += [word for value in values for word in (flag, str(value))]
    words += [word for name, size in question.dims.items() for word in ("--dim", f"{name}={size}")]
    for flag, value in (("--model", question.model), ("--data", question.data), ("--labels", question.labels)):
        words += [flag, value.rsplit("/", 1)[-1]] if value else []
    for flag, number in (("--atol", question.atol), ("--rtol", question.rtol), ("--seed", question.seed or None)):
        words += [flag, str(number)] if number is not None else []
    return shlex.join([*words, *(["--trust"] if question.trust else [])])

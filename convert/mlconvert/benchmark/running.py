"""A benchmark from end to end: parity first, then what has passed takes turns, and the document of what was found."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import mlconvert
from mlconvert import frame, judge, parity, subjects
from mlconvert.artifact import Artifact
from mlconvert.benchmark import document, inputs
from mlconvert.benchmark.gates import Gate
from mlconvert.benchmark.settings import Settings
from mlconvert.benchmark.turns import Subject, Turns
from mlconvert.cache import Cache
from mlconvert.errors import ConversionError
from mlconvert.frame import Listener
from mlconvert.signature import DimRange, Tensor
from mlconvert.text import for_shell, for_terminal
from mlconvert.worker import Worker

# The source against itself shows what the measuring alone makes of a ratio.
TWIN = " (again)"


@dataclass(frozen=True)
class Order:
    """What to time: a path or live model, artifacts beside it, and the user's words about them.

    `rtol` and `atol` are those of parity, `gates` what must not hold.
    """

    source: Any
    artifacts: Sequence[Path]
    settings: Settings = field(default_factory=Settings)
    gates: Sequence[Gate] = ()
    inputs: Sequence[Tensor] = ()
    dims: Mapping[str, DimRange] = field(default_factory=dict)
    data: Path | None = None
    model: str | None = None
    rtol: float | None = None
    atol: float | None = None
    trust: bool = False

    @property
    def live(self) -> bool:
        """Whether the source is an object and no file."""
        return not isinstance(self.source, (str, Path))

    @property
    def source_trusted(self) -> bool:
        """A live model comes from the caller's own process, and needs no word for it."""
        return self.trust or self.live

    def command(self) -> str:
        """The words that ask for this, with base names alone."""
        names = ["SOURCE" if self.live else Path(self.source).name, *(path.name for path in self.artifacts)]
        words = ["mlconvert", "bench", *names]
        for one in fields(Settings):
            value = getattr(self.settings, one.name)
            if value != one.default:
                words += [f"--{one.name}", ",".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"]
        words += [word for gate in self.gates for word in ("--fail-if", gate.expression)]
        words += [word for tensor in self.inputs for word in ("--input", str(tensor))]
        words += [word for name, sizes in self.dims.items() for word in ("--dim", f"{name}={sizes}")]
        words += ["--data", self.data.name] if self.data else []
        words += [word for name in ("rtol", "atol") if (x := getattr(self, name)) for word in (f"--{name}", f"{x:g}")]
        return " ".join(map(for_shell, [*words, *(["--trust"] if self.trust else [])]))


@dataclass
class _Model:
    """One of the models: what it is called, what stands in the document of it, and whether it is timed."""

    label: str
    artifact: Artifact
    entry: dict[str, Any]

    @property
    def timed(self) -> bool:
        timed: bool = self.entry["timed"]
        return timed


def run(order: Order, listen: Listener = frame.unheard) -> dict[str, Any]:
    """Hold every artifact against the source, time those that pass, and return the benchmark's document.

    Raises ConversionError for a file that cannot be opened, and for a batch that one of them does not take.
    """
    parity.check_tolerances(atol=order.atol, rtol=order.rtol)
    with tempfile.TemporaryDirectory(prefix="mlconvert-", ignore_cleanup_errors=True) as folder:
        with Worker(memory=frame.memory_limit()) as worker:
            models = _models(worker, order, Path(folder))
            for model in models[1:]:
                model.entry["parity"], absent = _parity(worker, order, models[0].artifact, model.artifact, listen)
                _decide(model, absent, listen)
            settings = _with_batch(order.settings, [model.artifact for model in models if model.timed])
            drawn = worker.call(
                "mlconvert.benchmark.inputs:make",
                source=models[0].artifact,
                artifacts=[model.artifact for model in models[1:] if model.timed],
                batches=list(settings.batch),
                seed=settings.seed,
                data=order.data,
                trust=order.trust,
            )
        return _timed(order, models, settings, dict(zip(settings.batch, drawn, strict=True)), listen)


def _models(worker: Worker, order: Order, folder: Path) -> list[_Model]:
    """The source and its artifacts, opened and with their signatures. Raises ConversionError."""
    source = subjects.taken(order.source, folder, order.model, trust=order.trust)
    artifacts = [subjects.admitted(path, trust=order.trust) for path in order.artifacts]
    labels = _labels([source.path, *(one.path for one in artifacts)])
    labels[0] = type(order.source).__name__ if order.live else labels[0]
    trusted = [order.source_trusted, *[order.trust] * len(artifacts)]
    known = [
        subjects.with_signature(worker, one, trust=trust, inputs=order.inputs, dims=order.dims)
        for one, trust in zip((source, *artifacts), trusted, strict=True)
    ]
    # A source that cannot say what it takes, weights alone for one, takes what an artifact made of it takes.
    said = next((one.signature for one in known if one.signature.inputs), known[0].signature)
    known[0] = known[0] if known[0].signature.inputs else replace(known[0], signature=said)
    roles = ["source", *["artifact"] * len(artifacts)]
    return [
        _Model(label, one, document.subject(label, role, one, live=order.live and role == "source"))
        for label, role, one in zip(labels, roles, known, strict=True)
    ]


def _labels(paths: Sequence[Path]) -> list[str]:
    """The names of the files, with as many folders before them as it takes to tell them apart."""
    whole = [path.absolute() for path in paths]
    if len(set(whole)) < len(whole):
        name = next(path.name for path in whole if whole.count(path) > 1)
        raise ConversionError(
            f"{for_terminal(name)} is given twice", code="given-twice", where=name, fix="name every model once"
        )
    for parts in range(1, max(len(path.parts) for path in whole) + 1):
        labels = ["/".join(path.parts[-parts:]) for path in whole]
        if len(set(labels)) == len(labels):
            break
    return labels


def _parity(
    worker: Worker, order: Order, source: Artifact, artifact: Artifact, listen: Listener
) -> tuple[dict[str, str], bool]:
    """`status` and `reason` of one artifact, and whether the device that it runs on is absent."""
    between = subjects.between(source.format, artifact.format)
    name = between[0].name if len(between) == 1 else "bench"
    listen("progress", {"text": f"parity of {artifact.path.name}", "done": None})
    with frame.context(name, Cache(), order.data, order.settings.seed, order.source_trusted) as context:
        check = worker.call(
            "mlconvert.parity:check",
            listen,
            source=replace(source, signature=artifact.signature),
            artifact=artifact,
            stage=between[-1].reference if between else None,
            reader=between[0].reference if len(between) > 1 else None,
            context=context,
            rtol=order.rtol,
            atol=order.atol,
        )
    return {"status": check["status"], "reason": check["reason"]}, not check["probes"]


def _decide(model: _Model, absent: bool, listen: Listener) -> None:
    """What has passed is timed, and what could not have failed; what failed is not, nor what cannot run here."""
    found = model.entry["parity"]
    model.entry["timed"] = not absent and found["status"] != judge.FAILED
    if not model.timed:
        model.entry["why_not"] = found["reason"]
    elif found["status"] == judge.UNPROVEN:
        listen("warning", {"text": f"{model.label} is timed unproven: {found['reason']}"})


def _with_batch(settings: Settings, timed: Sequence[Artifact]) -> Settings:
    """The settings with batches that every model takes. Raises ConversionError."""
    batches = settings.batch or (inputs.smallest(timed),)
    for batch in batches:
        for one in timed:
            inputs.require(one, batch)
    return replace(settings, batch=batches)


def _timed(
    order: Order, models: Sequence[_Model], settings: Settings, drawn: Mapping[int, Any], listen: Listener
) -> dict[str, Any]:
    """Time the models that are to be timed, judge them, and write down what was found."""
    source, *artifacts = [model for model in models if model.timed]
    twin = source.label + TWIN
    machine = document.machine()
    turns = Turns(
        [
            Subject(source.label, source.artifact, order.source_trusted),
            Subject(twin, source.artifact, order.source_trusted),
            *(Subject(one.label, one.artifact, order.trust) for one in artifacts),
        ],
        settings,
        listen,
    )
    if artifacts:
        turns.take(drawn)
    for model in (source, *artifacts):
        model.entry |= document.started(turns.starts[model.label])
    judged = [
        one
        for gate in order.gates
        for model in artifacts
        for one in document.judged(gate, model.entry, source.entry, turns.cells, settings)
    ]
    for one in judged:
        if one.pop("seems") and not one["failed"]:
            listen("warning", {"text": _unsure(one, settings)})
    wrong = [*_failed_parity(models), *(_said(one) for one in judged if one["failed"])]
    return {
        "mlconvert": mlconvert.__version__,
        "schema": document.SCHEMA,
        "kind": "benchmark",
        "status": "failed" if wrong else "passed",
        "reason": "; ".join(wrong),
        "command": order.command(),
        "machine": machine,
        "versions": document.versions(model.artifact.format for model in models),
        "settings": document.settings_json(settings, turns.cells),
        "subjects": [model.entry for model in models],
        **document.cells(turns.cells, source.label, twin, settings),
        "gates": judged,
    }


def _failed_parity(models: Sequence[_Model]) -> Iterator[str]:
    for model in models:
        found = model.entry["parity"]
        if found and found["status"] == judge.FAILED:
            yield f"{model.label} does not compute what its source computes: {found['reason']}"


def _said(one: Mapping[str, Any]) -> str:
    place = [f"{name} {one[name]}" for name in ("batch", "threads", "clients") if one[name] is not None]
    return f"{one['subject']}: {one['expression']}" + (f" ({', '.join(place)})" if place else "")


def _unsure(one: Mapping[str, Any], settings: Settings) -> str:
    return (
        f"{_said(one)} holds as far as was measured, but not surely at {100 * settings.confidence:g} %; "
        "measure for longer (--seconds, --processes)"
    )

"""A benchmark from end to end: validation first, then what has passed takes turns, and the document of it all."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from mlconvert import judge, subjects, validation
from mlconvert.artifact import Artifact
from mlconvert.benchmark import document, inputs
from mlconvert.benchmark.gates import Gate
from mlconvert.benchmark.settings import Settings
from mlconvert.benchmark.turns import Subject, Turns
from mlconvert.frame import Listener, memory_limit, unheard
from mlconvert.ranges import with_ranges
from mlconvert.validation import Question
from mlconvert.worker import Worker

# The source against itself shows what the measuring alone makes of a ratio.
TWIN = " (again)"


@dataclass(frozen=True)
class Order:
    """What to time: the models with the user's words about them, how to measure, and what must not hold of them."""

    question: Question
    settings: Settings = field(default_factory=Settings)
    gates: Sequence[Gate] = ()

    @property
    def source_trusted(self) -> bool:
        """A live model comes from the caller's own process, and needs no word for it."""
        return self.question.trust or not isinstance(self.question.source, (str, Path))

    def command(self, validating: str) -> str:
        """The words that ask for this, after those that ask for the validation alone."""
        words = ["mlconvert", "bench", *shlex.split(validating)[2:]]
        for one in fields(Settings):
            value = getattr(self.settings, one.name)
            if value != one.default and one.name != "seed":
                words += [f"--{one.name}", ",".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"]
        return shlex.join(words + [word for gate in self.gates for word in ("--fail-if", gate.expression)])


@dataclass(frozen=True)
class _Model:
    """One of the models: itself, and what stands in the document of it."""

    artifact: Artifact
    entry: dict[str, Any]

    @property
    def label(self) -> str:
        label: str = self.entry["label"]
        return label


def run(order: Order, listen: Listener = unheard) -> dict[str, Any]:
    """Hold every artifact against the source, time those that pass, and return the benchmark's document.

    Raises ConversionError for a file that cannot be opened, and for a batch that one of them does not take.
    """
    found = validation.run(order.question, listen)
    entries = [document.source(found["source"]), *map(document.artifact, found["artifacts"])]
    for entry in entries:
        if entry["timed"] and entry["parity"] and entry["parity"]["status"] == judge.UNPROVEN:
            listen("warning", {"text": f"{entry['label']} is timed unproven: {entry['parity']['reason']}"})
    with tempfile.TemporaryDirectory(prefix="mlconvert-", ignore_cleanup_errors=True) as folder:
        with Worker(memory=memory_limit()) as worker:
            models = [
                _Model(artifact, entry)
                for artifact, entry in zip(_opened(worker, order, Path(folder)), entries, strict=True)
                if entry["timed"]
            ]
            settings = _with_batch(order.settings, [model.artifact for model in models])
            drawn = worker.call(
                "mlconvert.benchmark.inputs:make",
                source=models[0].artifact,
                artifacts=[model.artifact for model in models[1:]],
                batches=list(settings.batch),
                seed=settings.seed,
                data=order.question.data,
                trust=order.question.trust,
            )
        machine = document.machine()
        turns = _timed(order, settings, models, dict(zip(settings.batch, drawn, strict=True)), listen)
    gates = list(_judged(order, settings, models, turns, listen))
    wrong = [*_failed(entries), *(_said(one) for one in gates if one["failed"])]
    return {
        **{key: found[key] for key in ("mlconvert", "schema")},
        "kind": "benchmark",
        "status": "failed" if wrong else "passed",
        "reason": "; ".join(wrong),
        "command": order.command(found["command"]),
        "machine": machine,
        "versions": found["versions"],
        "settings": document.settings_json(settings, turns.cells),
        "subjects": entries,
        **document.cells(turns.cells, models[0].label, models[0].label + TWIN, settings),
        "gates": gates,
    }


def _opened(worker: Worker, order: Order, folder: Path) -> list[Artifact]:
    """The source and its artifacts with their signatures. Raises ConversionError for words that do not fit."""
    question = order.question
    source = subjects.taken(question.source, folder, question.model, trust=question.trust)
    artifacts = [subjects.admitted(path, trust=question.trust) for path in question.artifacts]
    words: dict[str, Any] = {"inputs": question.inputs, "dims": question.dims}
    known = [subjects.with_signature(worker, source, trust=order.source_trusted, **words)]
    own = known[0].signature
    known += [subjects.with_signature(worker, one, trust=question.trust, source=own, **words) for one in artifacts]
    # A source that cannot say what it takes, weights alone for one, takes what an artifact made of it takes.
    said = next((one.signature for one in known if one.signature.inputs), known[0].signature)
    known[0] = known[0] if known[0].signature.inputs else replace(known[0], signature=said)
    return [replace(one, signature=with_ranges(one.signature, question.ranges)) for one in known]


def _with_batch(settings: Settings, models: Sequence[Artifact]) -> Settings:
    """The settings with batches that every model takes. Raises ConversionError."""
    batches = settings.batch or (inputs.smallest(models),)
    for batch in batches:
        for one in models:
            inputs.require(one, batch)
    return replace(settings, batch=batches)


def _timed(
    order: Order, settings: Settings, models: Sequence[_Model], drawn: Mapping[int, Any], listen: Listener
) -> Turns:
    """Time the source, the source once more, and the artifacts; nothing where no artifact is to be timed."""
    source, *artifacts = models
    turns = Turns(
        [
            Subject(source.label, source.artifact, order.source_trusted),
            Subject(source.label + TWIN, source.artifact, order.source_trusted),
            *(Subject(one.label, one.artifact, order.question.trust) for one in artifacts),
        ],
        settings,
        listen,
    )
    if artifacts:
        turns.take(drawn)
    for model in models:
        model.entry.update(document.started(turns.starts[model.label]))
    return turns


def _judged(
    order: Order, settings: Settings, models: Sequence[_Model], turns: Turns, listen: Listener
) -> Iterator[dict[str, Any]]:
    """Every gate, held against every artifact that was timed."""
    source, *artifacts = models
    for gate in order.gates:
        for model in artifacts:
            for one in document.judged(gate, model.entry, source.entry, turns.cells, settings):
                if one.pop("seems") and not one["failed"]:
                    listen("warning", {"text": _unsure(one, settings)})
                yield one


def _failed(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for entry in entries:
        if entry["parity"] and entry["parity"]["status"] == judge.FAILED:
            yield f"{entry['label']} does not compute what its source computes: {entry['parity']['reason']}"


def _said(one: Mapping[str, Any]) -> str:
    place = [f"{name} {one[name]}" for name in ("batch", "threads", "clients") if one[name] is not None]
    return f"{one['subject']}: {one['expression']}" + (f" ({', '.join(place)})" if place else "")


def _unsure(one: Mapping[str, Any], settings: Settings) -> str:
    return (
        f"{_said(one)} holds as far as was measured, but not surely at {100 * settings.confidence:g} %; "
        "measure for longer (--seconds, --processes)"
    )

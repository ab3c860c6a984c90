"""One network through the real route to a SavedModel, run with and without oneDNN, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import light
import numpy as np
import onnx

from mlconvert import edges, frame, sources
from mlconvert.api import read_dims, read_inputs
from mlconvert.artifact import Artifact
from mlconvert.compare import difference
from mlconvert.errors import ConversionError
from mlconvert.request import Request
from mlconvert.stage import Tolerance
from mlconvert.worker import Worker
from mlconvert_plugins.tf_runner import TfRunner
from mlconvert_plugins.tfgraph.lazy import load

PASSED = "passed"
# What stands for a step that an earlier one kept from being taken.
NOT_REACHED = "-"
# TensorFlow reads this when it loads, so that each setting has a process of its own.
SWITCH = "TF_ENABLE_ONEDNN_OPTS"
SETTINGS = ("0", "1")


@dataclass(frozen=True)
class Workers:
    """A warm worker for each setting of oneDNN."""

    off: Worker
    on: Worker

    def __iter__(self) -> Iterator[tuple[str, Worker]]:
        return iter(zip(SETTINGS, (self.off, self.on), strict=True))


@dataclass
class Row:
    """One line of the table. `refused` is the reason code of what stood in the way, and `stage` where.

    `verdicts` and `errors` are parity's by reference and setting of oneDNN, like `torch/1`; an error is the largest
    difference of any output over the RMS of that output. `seconds` are those of onnx2tf, in a warm process.
    """

    opset: int = 0
    nodes: int = 0
    seconds: float = 0.0
    mebibytes: float = 0.0
    verdicts: dict[str, str] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    stage: str = ""
    refused: str = ""
    reason: str = ""

    @property
    def whole(self) -> bool:
        """Whether it was converted, and passed wherever it was held against something."""
        return not self.refused and len(self.verdicts) > 1 and set(self.verdicts.values()) == {PASSED}

    def as_json(self) -> dict[str, Any]:
        """The form that a journal takes."""
        return asdict(self)


class _Watch:
    """Times the last hop, from its start to the first probe of its parity."""

    def __init__(self) -> None:
        self._started = 0.0
        self.seconds = 0.0

    def __call__(self, kind: str, entry: dict[str, Any]) -> None:
        if kind == "hop":
            self._started, self.seconds = time.monotonic(), 0.0
        elif kind == "progress" and entry["text"].startswith("parity at") and not self.seconds:
            self.seconds = time.monotonic() - self._started


def convert(
    make: Callable[[Path], Path],
    words: Sequence[str],
    dims: Mapping[str, tuple[int, int, int]],
    folder: Path,
    workers: Workers,
) -> Row:
    """Convert what `make` writes to a folder, a torch or an ONNX file, and hold the SavedModel against its sources.

    A ConversionError becomes the row's reason; anything else is a defect, and is raised.
    """
    source, watch, row = sources.open_path(make(folder), None, None), _Watch(), Row()
    request = Request(
        source=source.path,
        target="tf",
        out=folder / "made.savedmodel",
        inputs=read_inputs(words),
        dims=read_dims(dims),
        keep=True,
        trust=True,
        cache=False,
    )
    try:
        result = frame.run(request, watch, workers.off)
    except ConversionError as error:
        row.stage, row.refused = error.where.partition(":")[0], error.code
        row.reason = error.message
        return row
    row.seconds, row.mebibytes = watch.seconds, result.manifest["bytes"] / 2**20
    _describe(row, next(folder.glob("*.onnx")))
    if result.artifact.format != "tf":
        row.stage, row.refused, row.reason = "torch2onnx", "parity-failed", result.parity["reason"]
        return row
    _judge(row, source, result, folder, workers)
    return row


def _describe(row: Row, file: Path) -> None:
    model = onnx.load(file, load_external_data=False)
    row.opset = next(entry.version for entry in model.opset_import if not entry.domain)
    row.nodes = len(model.graph.node)


def _judge(row: Row, source: Artifact, result: frame.Result, folder: Path, workers: Workers) -> None:
    """Parity at every setting: against ONNX Runtime, and against torch where the route began there."""
    made = result.artifact
    hop = edges.Edge("onnx2tf", "onnx", "tf", "").reference
    _note(row, "onnxruntime/0", result.parity["checks"][-1])
    references = {"onnxruntime": (Artifact(next(folder.glob("*.onnx")), "onnx", None, made.signature), None)}
    if source.format == "torch":
        whole = Artifact(source.path, "torch", source.flavour, made.signature)
        references["torch"] = (whole, edges.Edge("torch2onnx", "torch", "onnx", "").reference)
    for setting, worker in workers:
        for name, (reference, reader) in references.items():
            if f"{name}/{setting}" in row.verdicts:
                continue  # the route's own parity
            check = worker.call(
                "mlconvert.parity:check",
                source=reference,
                artifact=made,
                stage=hop,
                reader=reader,
                context={"scratch": folder, "cache": folder, "trust": True},
            )
            _note(row, f"{name}/{setting}", check)


def _note(row: Row, place: str, check: Mapping[str, Any]) -> None:
    row.verdicts[place] = check["status"]
    row.errors[place] = max((_relative(output) for output in check["outputs"]), default=0.0)
    row.reason = row.reason or check["reason"]


def _relative(output: Mapping[str, Any]) -> float:
    """The largest difference over the output's RMS; JSON has no infinity and says null."""
    if output["max_abs"] is None or output["rms"] is None:
        return float("inf")
    return float(output["max_abs"] / output["rms"]) if output["rms"] else float(output["max_abs"])


def answered(name: str, folder: Path, workers: Workers) -> Row:
    """A light model of ONNX's tests as it is: its SavedModel's answer against the suite's, at the suite's tolerance."""
    result = frame.run(
        Request(source=light.path(name), target="tf", out=folder / "made.savedmodel", validate=False, cache=False),
        worker=workers.off,
    )
    row = Row(mebibytes=result.manifest["bytes"] / 2**20)
    _describe(row, light.path(name))
    rtol, atol = light.TOLERANCES[name]
    expected = light.answer(name)
    for setting, worker in workers:
        (found,) = worker.call("savedroute:run", artifact=result.artifact, inputs=light.question(name)).values()
        check = difference("", expected, found, Tolerance(rtol=rtol, atol=atol)).as_json()
        _note(
            row, f"onnxruntime/{setting}", {"status": check["status"], "outputs": [check], "reason": check["problem"]}
        )
    return row


def run(artifact: Artifact, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What a SavedModel makes of these inputs; called in a worker."""
    with TfRunner(artifact) as runner:
        return runner.run(inputs)


def warm() -> None:
    """Load TensorFlow, which is no part of a conversion's time; called in a worker."""
    load("tensorflow")

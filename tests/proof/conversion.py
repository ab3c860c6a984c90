"""One architecture through the real route to an engine, and what came of each step of it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from architectures import BATCH, Architecture, build

from mlconvert import frame
from mlconvert.api import read_dims, read_inputs
from mlconvert.errors import ConversionError
from mlconvert.request import Request
from mlconvert.worker import Worker

DONE = "yes"
# What stands for a step that an earlier one kept from being taken.
NOT_REACHED = "-"


@dataclass
class Row:
    """One line of the table. Each step is DONE, NOT_REACHED or the reason code of what stood in its way.

    `excess` is the largest error in units of what the tolerance allows; `engine_bytes` is the engine's size;
    `seconds` are those of the whole route, parity included; `reason` is the message behind a code.
    """

    export: str = NOT_REACHED
    batch: str = NOT_REACHED
    parity: str = NOT_REACHED
    engine: str = NOT_REACHED
    excess: float | None = None
    engine_bytes: int | None = None
    seconds: float = 0.0
    reason: str = ""

    @property
    def whole(self) -> bool:
        """Whether every step was taken."""
        return {self.export, self.batch, self.parity, self.engine} == {DONE}

    def as_json(self) -> dict[str, Any]:
        """The form that a journal takes."""
        return asdict(self)


def convert(one: Architecture, folder: Path, worker: Worker) -> Row:
    """Convert the re-drawn network, as a live module, to a TensorRT-RTX engine in `folder`.

    A ConversionError becomes the code of the step that it stopped; anything else is a defect, and is raised.
    """
    checks: list[dict[str, Any]] = []
    request = Request(
        source=build(one),
        origin="torch",
        target="trt",
        out=folder / f"{one.name}.rtx.plan",
        inputs=read_inputs([one.words]),
        dims=read_dims({"batch": BATCH}),
        options={"onnx2trt": {"builder": "rtx"}},
        cache=False,
    )
    row, start = Row(), time.monotonic()
    try:
        result = frame.run(request, lambda kind, entry: checks.append(entry) if kind == "check" else None, worker)
    except ConversionError as error:
        _judge(row, checks)
        setattr(row, "engine" if "torch2onnx" in error.done else "export", error.code)
        row.reason = f"{error.where}: {error.message}" if error.where else error.message
    else:
        _judge(row, checks)
        row.batch = DONE if _dynamic(result.manifest["signature"], checks) else "batch-lost"
        if result.artifact.format == "trt":
            row.engine, row.engine_bytes = DONE, result.manifest["bytes"]
    row.seconds = time.monotonic() - start
    return row


def _judge(row: Row, checks: list[dict[str, Any]]) -> None:
    """What the parity of the ONNX hop says, where it came to that."""
    for check in checks[:1]:
        row.export = DONE
        row.batch = DONE if len(_sizes(checks)) == len(BATCH) else "batch-lost"
        row.parity = DONE if check["status"] == "passed" else f"parity-{check['status']}"
        row.reason = check["reason"]
        row.excess = max((output["excess"] for output in check["outputs"]), default=None)


def _sizes(checks: list[dict[str, Any]]) -> set[int]:
    """The batch sizes at which the ONNX model ran beside its source."""
    return {probe["sizes"]["batch"] for probe in checks[0]["probes"]}


def _dynamic(signature: dict[str, Any], checks: list[dict[str, Any]]) -> bool:
    """Whether the batch is open in all that goes in and comes out, and was run at its ends."""
    shapes = [tensor["shape"] for tensor in (*signature["inputs"], *signature["outputs"])]
    return all(shape[0] == "batch" for shape in shapes) and _sizes(checks) == set(BATCH)

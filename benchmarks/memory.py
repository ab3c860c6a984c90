"""The peak memory of torch2onnx on weights of more than 1 GiB."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measure import bare
from measure.processes import run
from measure.programs import write_layers
from measure.results import Row, main

COUNT, WIDTH = 18, 4096
# The bound is this many times the weights, and what torch's exporter needs for as many layers that weigh nothing.
WEIGHTS, TINY = 1.5, 8
GOAL = 1.0


def measure(repetitions: int, count: int = COUNT, width: int = WIDTH) -> Iterator[Row]:
    """Peaks in MiB, with `repetitions` of each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_layers(count, TINY, folder / "tiny.pt2")
        write_layers(count, width, folder / "model.pt2")
        need = [exporter(folder, "tiny") for _ in range(repetitions)]
        theirs = [exporter(folder, "model") for _ in range(repetitions)]
        ours = [converted(folder) for _ in range(repetitions)]
    weights = 4 * count * width**2 / 2**20
    bound = [WEIGHTS * weights + peak for peak in need]
    yield Row(f"{weights:.0f} MiB of weights, against the bound", "MiB", ours, bound, GOAL)
    yield Row("against the exporter on the same file", "MiB", ours, theirs)


def converted(folder: Path) -> float:
    """The peak of mlconvert's processes together, in MiB."""
    command = Path(sys.executable).with_name("mlconvert"), "torch2onnx", "model.pt2", "-o", "ours.onnx"
    return run(*command, "--no-validate", "--no-cache", "--force", "--quiet", folder=folder).memory / 2**20


def exporter(folder: Path, name: str) -> float:
    """The peak of torch's own exporter, in MiB."""
    return run(sys.executable, bare.__file__, f"{name}.pt2", f"{name}.onnx", folder=folder).memory / 2**20


if __name__ == "__main__":
    main("memory", "Memory of torch2onnx", ("mlconvert", "bound, bare exporter"), measure, pairs=3)

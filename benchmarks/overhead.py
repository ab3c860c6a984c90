"""`mlconvert torch2trt --no-validate` against a script of torch.onnx.export and TensorRT-RTX's builder."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from measure import bare
from measure.processes import Usage, interleaved, run
from measure.programs import BATCH, write_timm
from measure.results import Row, main

GOAL = 1.1
MODELS = (("resnet18", 224), ("mobilenetv3_large_100", 224), ("vit_tiny_patch16_224", 224))
RANGE = ":".join(map(str, BATCH))


def measure(repetitions: int, models: Sequence[tuple[str, int]] = MODELS) -> Iterator[Row]:
    """For each model the clock, the processors and the memory, then what validation adds to the clock."""
    for name, size in models:
        with tempfile.TemporaryDirectory() as folder:
            write_timm(name, size, Path(folder) / "model.pt2")
            found = interleaved(sides(Path(folder)), repetitions)
        ours, proven, theirs = found["ours"], found["proven"], found["theirs"]
        yield Row(f"{name}, clock", "s", *seconds(ours, theirs), GOAL)
        yield Row(f"{name}, processor", "s", [u.cpu for u in ours], [u.cpu for u in theirs])
        yield Row(f"{name}, memory", "MiB", *memory(ours, theirs), GOAL)
        yield Row(f"{name}, clock, with validation", "s", *seconds(proven, theirs))


def sides(folder: Path) -> dict[str, Callable[[], Usage]]:
    """The command, the command with its proof, and the script."""
    command = Path(sys.executable).with_name("mlconvert"), "torch2trt", "model.pt2", "-o", "ours.rtx.plan"
    options = "--builder", "rtx", "--dim", f"batch={RANGE}", "--no-cache", "--force", "--quiet"
    script = sys.executable, bare.__file__, "model.pt2", "bare.onnx", "bare.rtx.plan", RANGE
    return {
        "ours": lambda: run(*command, *options, "--no-validate", folder=folder),
        "proven": lambda: run(*command, *options, folder=folder),
        "theirs": lambda: run(*script, folder=folder),
    }


def seconds(ours: Sequence[Usage], theirs: Sequence[Usage]) -> tuple[list[float], list[float]]:
    """By the clock."""
    return [usage.seconds for usage in ours], [usage.seconds for usage in theirs]


def memory(ours: Sequence[Usage], theirs: Sequence[Usage]) -> tuple[list[float], list[float]]:
    """The peak of all processes together, in MiB."""
    return [usage.memory / 2**20 for usage in ours], [usage.memory / 2**20 for usage in theirs]


if __name__ == "__main__":
    main("overhead", "From torch to an engine", ("mlconvert", "bare script"), measure, pairs=7)

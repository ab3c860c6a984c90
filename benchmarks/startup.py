"""`mlconvert --help` against the least that it needs: click, and a scan of the installed entry points."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from measure.processes import interleaved, run
from measure.results import Row, main

GOAL = 1.3
LEAST = "import click, importlib.metadata; importlib.metadata.entry_points()"


def measure(repetitions: int) -> Iterator[Row]:
    """Seconds of processor and of the clock, with `repetitions` pairs."""
    found = interleaved(
        {
            "ours": lambda: run(Path(sys.executable).with_name("mlconvert"), "--help"),
            "theirs": lambda: run(sys.executable, "-c", LEAST),
        },
        repetitions,
    )
    ours, theirs = found["ours"], found["theirs"]
    yield Row("processor", "s", [usage.cpu for usage in ours], [usage.cpu for usage in theirs], GOAL)
    yield Row("clock", "s", [usage.seconds for usage in ours], [usage.seconds for usage in theirs])


if __name__ == "__main__":
    main("startup", "Starting up", ("`mlconvert --help`", "click and a scan"), measure, pairs=40)

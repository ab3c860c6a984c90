"""The worker's side: one subject, open in a process of its own, timed in blocks when its turn comes.

The functions are called by name (`mlconvert.benchmark.measuring:block`), one subject to a process.
"""

from __future__ import annotations

import contextlib
import copy
import os
import statistics
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert import registry
from mlconvert.artifact import Artifact
from mlconvert.runner import DeviceAbsentError, Runner

if TYPE_CHECKING:
    from mlconvert.runner import Arrays

# A block is long enough for any clock, and short enough for what slows the machine down to meet its neighbours too.
BLOCK_SECONDS = 0.01
# Times have settled when a while as long again has not made them shorter by more; a subject that never does, is timed
# as it is.
SETTLED, WARM_UP_LIMIT = 0.02, 20.0
# Numbers of one block that go back to the parent, evenly thinned beyond: percentiles are made of many blocks.
_KEPT = 200


@dataclass
class _Subject:
    """What is open in this process: a runner for each client, or one that all of them share."""

    runners: list[Runner]
    held: contextlib.ExitStack
    pool: ThreadPoolExecutor
    inputs: list[Arrays] = field(default_factory=list)
    count: int = 1

    def run(self, count: int) -> tuple[list[float], float]:
        """Seconds of `count` runs by every client at once, and those that they took together."""
        if len(self.runners) == 1:
            found = self.runners[0].times(self.inputs, count)
            return found, sum(found)
        together = threading.Barrier(len(self.runners) + 1)

        def client(runner: Runner) -> list[float]:
            together.wait()
            return runner.times(self.inputs, count)

        waiting = [self.pool.submit(client, runner) for runner in self.runners]
        together.wait()
        start = time.perf_counter()
        found = [seconds for one in waiting for seconds in one.result()]
        return found, time.perf_counter() - start


_open: _Subject | None = None


def start(artifact: Artifact, trust: bool, cores: int, clients: int) -> dict[str, Any]:
    """Open the artifact twice, and keep it open for so many clients.

    Answers with the seconds of the first time, with all imports, and of the second; with the cores that this process is
    bound to from here on, null where the system binds none; and with what the runner's clock measures.
    """
    global _open
    pinned = _pin(cores)
    first, kind = _timed_entry(artifact, trust)
    again, _ = _timed_entry(artifact, trust)
    held = contextlib.ExitStack()
    own = clients if not kind.concurrent else 1
    runners = [held.enter_context(kind(artifact, trust=trust)) for _ in range(own)]
    # A copy shares what is open, and has a clock of its own.
    runners += [copy.copy(runners[0]) for _ in range(clients - own)]
    _open = _Subject(runners, held, ThreadPoolExecutor(clients))
    return {"first": first, "again": again, "pinned": pinned, "clock": runners[0].clock, "shared": own < clients}


def _timed_entry(artifact: Artifact, trust: bool) -> tuple[float, type[Runner]]:
    start = time.perf_counter()
    kind = _kind(artifact)
    with kind(artifact, trust=trust):
        return time.perf_counter() - start, kind


def _kind(artifact: Artifact) -> type[Runner]:
    try:
        kind: type[Runner] = registry.load(registry.RUNNERS, artifact.format)
    except KeyError:
        raise DeviceAbsentError(f"there is no runner for {artifact.format}") from None
    return kind


def _pin(cores: int) -> list[int] | None:
    """Stay on the last cores: the first ones serve most interrupts. Threads that are started later stay there, too."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    last = sorted(os.sched_getaffinity(0))[-cores:]
    os.sched_setaffinity(0, last)
    return last


def prepare(inputs: Sequence[Arrays]) -> dict[str, Any]:
    """Run these inputs until the times have settled; from then on they are what `block` runs.

    Answers with the runs of one block, and with the seconds that warming up took. Raises ConversionError where the
    subject does not take the inputs.
    """
    import numpy as np

    assert _open is not None, "start comes first"
    # What has crossed lies in a file's pages.
    _open.inputs = [{name: np.array(array) for name, array in one.items()} for one in inputs]
    _open.count = len(inputs)
    seconds = _warm(_open)
    return {"count": _open.count, "seconds": seconds}


def _warm(subject: _Subject) -> float:
    """Twice as long and twice as long again, until that has made nothing faster."""
    start = time.monotonic()
    best, lasted = _fastest(subject, 0.0), max(runner.warm_up for runner in subject.runners)
    while time.monotonic() - start < WARM_UP_LIMIT:
        faster = _fastest(subject, lasted)
        if faster >= best * (1 - SETTLED) and time.monotonic() - start >= lasted:
            break
        best, lasted = min(best, faster), 2 * lasted
    return time.monotonic() - start


def _fastest(subject: _Subject, lasting: float) -> float:
    """The median of the fastest block of so many seconds; sets the length of the blocks that follow."""
    end = time.monotonic() + lasting
    medians: list[float] = []
    while not medians or time.monotonic() < end:
        medians.append(statistics.median(subject.run(subject.count)[0]))
        whole = max(1, round(BLOCK_SECONDS / max(min(medians), 1e-9) / len(subject.inputs)))
        subject.count = whole * len(subject.inputs)
    return min(medians)


def block() -> dict[str, Any]:
    """Take a turn: its undisturbed time, seconds of some or all of its runs, how many they are, and what they took."""
    assert _open is not None, "start comes first"
    if _open.count > 10 * len(_open.inputs):
        # Others have been at work, and the first runs bring back to the caches what they have displaced.
        _open.run(_open.count // 10)
    found, together = _open.run(_open.count)
    step = -(-len(found) // _KEPT)
    return {
        "undisturbed": sorted(found)[len(found) // 10],
        "seconds": found[::step],
        "runs": len(found),
        "together": together,
    }


def close() -> int:
    """Close the subject and answer with the most memory that this process and its children have held, in bytes."""
    global _open
    assert _open is not None, "start comes first"
    peak = _peak()
    _open.pool.shutdown()
    _open.held.close()
    _open = None
    return peak


def _peak() -> int:
    import psutil

    top = psutil.Process()
    return sum(_peak_of(process) for process in (top, *top.children(recursive=True)))


def _peak_of(process: Any) -> int:
    """The high-water mark of a process's resident memory where the system keeps one, else what it holds now."""
    import psutil

    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0

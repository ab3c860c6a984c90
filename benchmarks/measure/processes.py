"""Running a command and seeing what it took, its children included."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

# Often enough to see a peak that matters, seldom enough to cost a few hundredths of one core.
_SAMPLE_SECONDS = 0.03


@dataclass(frozen=True)
class Usage:
    """What a command took: seconds by the clock, seconds of processors, bytes of memory.

    `memory` is the largest sum of what all its processes held at one time, sampled; pages that they share count in
    each. The kernel's own account, ru_maxrss, is of no use: a child's begins with what its parent held at the fork.
    """

    seconds: float
    cpu: float
    memory: int


def run(*command: str | Path, folder: Path | None = None) -> Usage:
    """Run a command to its end. Raises RuntimeError with what it said where it fails."""
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=said)
        with _Sampler(process.pid) as sampler:
            # Unlike Popen.wait, it tells what this child and those that it waited for have used.
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(f"{' '.join(map(str, command))}\n{said.read().decode(errors='replace')}")
    return Usage(seconds, usage.ru_utime + usage.ru_stime, sampler.peak)


def interleaved(sides: Mapping[str, Callable[[], Usage]], repetitions: int) -> dict[str, list[Usage]]:
    """Each side `repetitions` times, in turns, so that what drifts meets them alike; of several, one more warms up.

    Every other turn runs the sides in the opposite order: what one leaves behind must not always meet the same other.
    """
    found: dict[str, list[Usage]] = {name: [] for name in sides}
    warm_up = 1 if repetitions > 1 else 0
    for turn in range(repetitions + warm_up):
        for name in list(sides)[:: 1 if turn % 2 else -1]:
            usage = sides[name]()
            if turn >= warm_up:
                found[name].append(usage)
    return found


class _Sampler:
    """Watches the resident memory of a process and all that it has started."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Sampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            self.peak = max(self.peak, _resident(self._pid))


def _resident(pid: int) -> int:
    """The resident bytes of a process and its descendants; those that have just ended count nothing."""
    try:
        top = psutil.Process(pid)
        family = [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    return sum(_own(process) for process in family)


def _own(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0

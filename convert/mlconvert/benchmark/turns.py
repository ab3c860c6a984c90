"""The parent's side: subjects in processes of their own, which are started anew several times and take turns."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert.benchmark.settings import Settings
from mlconvert.errors import ConversionError
from mlconvert.frame import Listener
from mlconvert.worker import Worker

if TYPE_CHECKING:
    import numpy as np

# Fewer rounds have no median to speak of, however long a round is.
LEAST_ROUNDS = 5
# How the libraries that runners use are told their number of threads.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Subject:
    """What is timed: the source, the source once more, or an artifact. `trust` is the user's word for its file."""

    label: str
    artifact: Artifact
    trust: bool


@dataclass(frozen=True)
class Block:
    """One turn of a subject: seconds of its runs, how many they were, and what they took together.

    `undisturbed` is their tenth percentile. Half of the runs can be cut short by whatever else the machine does, for as
    long as a block lasts; a median over rounds cannot undo that.
    """

    undisturbed: float
    seconds: Sequence[float]
    runs: int
    together: float


@dataclass
class Cell:
    """One subject at one batch, number of threads and number of clients: its blocks, by process and round."""

    batch: int
    threads: int
    clients: int
    subject: str
    cores: list[int] | None = None
    processes: list[list[Block]] = field(default_factory=list)

    def rounds(self) -> list[list[float]]:
        """The undisturbed time of each round, by process."""
        return [[block.undisturbed for block in rounds] for rounds in self.processes]

    def samples(self) -> list[list[float]]:
        """All seconds that were kept, by process."""
        return [[seconds for block in rounds for seconds in block.seconds] for rounds in self.processes]

    def throughputs(self) -> list[float]:
        """Rows per second of all clients together, by process."""
        return [
            self.batch * sum(block.runs for block in rounds) / sum(block.together for block in rounds)
            for rounds in self.processes
        ]


@dataclass
class Start:
    """What starting a subject took, once for each process: seconds to open, first and again, and bytes of memory."""

    first: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    clock: str = ""


class Turns:
    """Times subjects by the settings. `cells` and `starts` fill up as it goes."""

    def __init__(self, subjects: Sequence[Subject], settings: Settings, listen: Listener) -> None:
        self.subjects = subjects
        self.settings = settings
        self.listen = listen
        self.cells: list[Cell] = []
        self.starts = {subject.label: Start() for subject in subjects}
        self._order = random.Random(settings.seed)

    def take(self, inputs: Mapping[int, Sequence[Mapping[str, np.ndarray]]]) -> None:
        """Measure every cell, on these inputs by batch. Raises ConversionError where a subject does not take them."""
        groups = list(self.settings.groups())
        for number, (threads, clients) in enumerate(groups):
            made = {batch: [Cell(batch, threads, clients, one.label) for one in self.subjects] for batch in inputs}
            self.cells += [cell for cells in made.values() for cell in cells]
            for process in range(self.settings.processes):
                done = (number + process / self.settings.processes) / len(groups)
                self._say(f"process {process + 1} of {self.settings.processes}{_words(threads, clients)}", done)
                self._generation(threads, clients, inputs, made)

    def _say(self, text: str, done: float) -> None:
        self.listen("progress", {"text": text, "done": done})

    def _generation(
        self,
        threads: int,
        clients: int,
        inputs: Mapping[int, Sequence[Mapping[str, np.ndarray]]],
        made: Mapping[int, Sequence[Cell]],
    ) -> None:
        """Start every subject anew, measure all batches, and end them."""
        with contextlib.ExitStack() as stack:
            environment = dict.fromkeys(_THREADS, str(threads))
            workers = [stack.enter_context(Worker(environment=environment)) for _ in self.subjects]
            for place in self._shuffled(len(workers)):
                opened = self._start(self.subjects[place], workers[place], threads, clients)
                for cells in made.values():
                    cells[place].cores = opened["pinned"]
            for batch, cells in made.items():
                self._measure(workers, inputs[batch], cells)
            for subject, worker in zip(self.subjects, workers, strict=True):
                self.starts[subject.label].memory.append(worker.call("mlconvert.benchmark.measuring:close"))

    def _start(self, subject: Subject, worker: Worker, threads: int, clients: int) -> dict[str, Any]:
        with _naming(subject):
            opened: dict[str, Any] = worker.call(
                "mlconvert.benchmark.measuring:start",
                self.listen,
                artifact=subject.artifact,
                trust=subject.trust,
                cores=threads * clients,
                clients=clients,
            )
        start = self.starts[subject.label]
        start.first.append(opened["first"])
        start.again.append(opened["again"])
        shared = "; clients share it" if opened["shared"] else "; each client has its own" if clients > 1 else ""
        start.clock = opened["clock"] + shared
        return opened

    def _measure(
        self, workers: Sequence[Worker], inputs: Sequence[Mapping[str, np.ndarray]], cells: Sequence[Cell]
    ) -> None:
        """Warm every subject up, then let them take turns for as long as each has its seconds."""
        for place in self._shuffled(len(workers)):
            with _naming(self.subjects[place], cells[place].batch):
                workers[place].call("mlconvert.benchmark.measuring:prepare", self.listen, inputs=list(inputs))
        for cell in cells:
            cell.processes.append([])
        seconds = self.settings.seconds / self.settings.processes * len(workers)
        end = time.monotonic() + seconds
        for places in self._rounds(len(workers)):
            for place in places:
                cells[place].processes[-1].append(Block(**workers[place].call("mlconvert.benchmark.measuring:block")))
            if time.monotonic() > end and len(cells[0].processes[-1]) >= LEAST_ROUNDS:
                return

    def _rounds(self, count: int) -> Iterator[list[int]]:
        """An order for each round, drawn anew; nobody follows himself, who would find his own data in the caches."""
        last = -1
        while True:
            places = self._shuffled(count)
            if places[0] != last or count == 1:
                last = places[-1]
                yield places

    def _shuffled(self, count: int) -> list[int]:
        return self._order.sample(range(count), count)


def _words(threads: int, clients: int) -> str:
    counts = {"threads": threads, "clients": clients}
    return "".join(f", {count} {name}" for name, count in counts.items() if count > 1)


@contextlib.contextmanager
def _naming(subject: Subject, batch: int | None = None) -> Iterator[None]:
    """Errors name the subject, and the batch that it did not take."""
    try:
        yield
    except ConversionError as error:
        at = "" if batch is None else f" at a batch of {batch}"
        error.message = f"{subject.label} does not run{at}: {error.message}"
        error.args = (error.message,)
        raise

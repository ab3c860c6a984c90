"""What a benchmark is asked for: the sizes to sweep, how long to measure, and what counts as a difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlconvert.errors import UsageError
from mlconvert.text import for_terminal


@dataclass(frozen=True)
class Settings:
    """The sweep and its rigour.

    `batch`, `threads` and `clients` are swept, all with all; without `batch` it is the smallest that every subject
    takes. `seconds` are those of measuring one subject in one cell, spread over `processes`, each of which the subject
    is started in anew: two processes of one program differ, by where its memory lies. Times within `margin` of each
    other count as the same, and intervals hold at `confidence`.
    """

    batch: tuple[int, ...] = ()
    threads: tuple[int, ...] = (1,)
    clients: tuple[int, ...] = (1,)
    seconds: float = 3.0
    processes: int = 5
    margin: float = 0.02
    confidence: float = 0.99
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("batch", "threads", "clients"):
            _require(name, all(count >= 1 for count in getattr(self, name)), "takes numbers from 1 up")
        _require("threads", bool(self.threads), "takes at least one number")
        _require("clients", bool(self.clients), "takes at least one number")
        _require("seconds", 0 < self.seconds < float("inf"), "takes a number above 0")
        _require("processes", self.processes >= 2, "takes 2 or more: one cannot say how processes differ")
        _require("margin", 0 < self.margin < 1, "takes a share between 0 and 1, 0.02 for 2 %")
        _require("confidence", 0.5 <= self.confidence < 1, "takes a share from 0.5 to below 1, 0.99 for 99 %")

    def groups(self) -> Iterator[tuple[int, int]]:
        """Threads and clients of each set of processes."""
        for threads in self.threads:
            for clients in self.clients:
                yield threads, clients


def _require(name: str, holds: bool, message: str) -> None:
    if not holds:
        raise UsageError(f"--{name} {message}", code="bad-option", where=name)


def read_counts(name: str, words: str | int | Sequence[int] | None) -> tuple[int, ...]:
    """Numbers to sweep, from `1,8,32`, one number or several; none twice. Raises UsageError."""
    parts: Sequence[int | str] = words.split(",") if isinstance(words, str) else _listed(words)
    try:
        return tuple(dict.fromkeys(int(part) for part in parts))
    except (TypeError, ValueError):
        message = f"--{name} takes numbers like 1,8,32, not {for_terminal(words)!r}"
        raise UsageError(message, code="bad-option", where=name) from None


def _listed(words: int | Sequence[int] | None) -> Sequence[int]:
    return [words] if isinstance(words, int) else words or []

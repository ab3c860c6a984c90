"""Two sides measured in turns, and the ratio between them with what chance leaves open."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from measure.processes import Usage

_DRAWS = 2000


@dataclass(frozen=True)
class Ratio:
    """The median of paired ratios, and the bootstrap's interval of 95 % around it."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


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


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """How many times `theirs` ours is, pair by pair."""
    pairs = [own / other for own, other in zip(ours, theirs, strict=True)]
    generator = random.Random(0)
    drawn = sorted(statistics.median(generator.choices(pairs, k=len(pairs))) for _ in range(_DRAWS))
    return Ratio(statistics.median(pairs), drawn[round(0.025 * _DRAWS)], drawn[round(0.975 * _DRAWS) - 1])

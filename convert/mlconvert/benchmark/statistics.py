"""Ratios with what chance leaves open, from times that were taken in turns in several processes.

Two things are left to chance: what a process is given when it starts (where its memory lies), and what else the machine
does while a round runs. The first is not seen within a process, however long it runs (Kalibera and Jones, Rigorous
benchmarking in reasonable time, ISMM 2013). So the unit is the process: its answer is the median of its rounds' paired
ratios, which what drifts meets alike and what comes in bursts does not reach. Around the processes' answers stand two
intervals, and the wider end of each is taken: a bootstrap over processes and rounds, which knows the shape of the
noise, and Student's t over the processes, which knows how few they are.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_DRAWS = 2000
# e to this is about the largest float.
_FURTHEST = 700.0


@dataclass(frozen=True)
class Ratio:
    """A ratio of times, and the interval around it: `median`, `low` and `high`."""

    median: float
    low: float
    high: float

    def verdict(self, margin: float) -> str:
        """`slower`, `faster` or `equivalent` where the whole interval says so, else `undecided`."""
        if self.low > 1 + margin:
            return "slower"
        if self.high < 1 / (1 + margin):
            return "faster"
        return "equivalent" if self.low > 1 / (1 + margin) and self.high < 1 + margin else "undecided"

    def as_json(self, margin: float) -> dict[str, Any]:
        """The form that a document takes."""
        return {"median": self.median, "low": self.low, "high": self.high, "verdict": self.verdict(margin)}


def paired(
    times: Sequence[Sequence[float]], base: Sequence[Sequence[float]], *, confidence: float, seed: int = 0
) -> Ratio:
    """How many times `base` the times are: a sequence for each process, in it one number for each round.

    A round of one goes with the same round of the other.
    """
    rounds = [
        [math.log(own / other) for own, other in zip(ours, theirs, strict=True)]
        for ours, theirs in zip(times, base, strict=True)
    ]
    answers = [statistics.median(one) for one in rounds]
    low, high = _bootstrap(rounds, confidence, seed)
    return _around(statistics.median(answers), answers, confidence, low, high)


def compared(values: Sequence[float], base: Sequence[float], *, confidence: float) -> Ratio:
    """How many times `base` the values are, one number from each process."""
    answers = [math.log(own / other) for own, other in zip(values, base, strict=True)]
    if len(set(answers)) == 1:  # a size: there is no chance in it, and no rounding is put in
        return Ratio(*[values[0] / base[0]] * 3)
    return _around(statistics.mean(answers), answers, confidence)


def _around(
    middle: float, answers: Sequence[float], confidence: float, low: float = math.inf, high: float = -math.inf
) -> Ratio:
    mean, half = student(answers, confidence)
    return Ratio(math.exp(middle), _exp(min(low, mean - half)), _exp(max(high, mean + half)))


def _exp(exponent: float) -> float:
    """What has no bound has one that is as far as floats go."""
    return math.exp(max(-_FURTHEST, min(_FURTHEST, exponent)))


def student(answers: Sequence[float], confidence: float) -> tuple[float, float]:
    """The mean, and half the width of Student's interval around it; of one answer it is without bound."""
    if len(answers) < 2:
        return answers[0], math.inf
    error = statistics.stdev(answers) / math.sqrt(len(answers))
    return statistics.mean(answers), quantile((1 + confidence) / 2, len(answers) - 1) * error


def _bootstrap(rounds: Sequence[Sequence[float]], confidence: float, seed: int) -> tuple[float, float]:
    """The percentile interval of the median of processes' medians, processes and then their rounds drawn again."""
    import numpy as np

    generator = np.random.default_rng(seed)
    drawn = np.stack([_medians(np.asarray(one), generator) for one in rounds], axis=1)
    picked = generator.integers(0, len(rounds), drawn.shape)
    # Each draw of a process has rounds of its own draw, so that one that is picked twice does not count as the same.
    again = np.stack([generator.permutation(_DRAWS) for _ in rounds], axis=1)
    found = np.median(drawn[again, picked], axis=1)
    share = (1 - confidence) / 2
    low, high = np.quantile(found, [share, 1 - share])
    return float(low), float(high)


def _medians(rounds: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    import numpy as np

    medians: np.ndarray = np.median(generator.choice(rounds, (_DRAWS, len(rounds))), axis=1)
    return medians


def quantile(share: float, freedom: int) -> float:
    """Student's t: what a share of the distribution with so many degrees of freedom lies below, for shares from 0.5."""
    low, high = 0.0, 1.0
    while _below(high, freedom) < share:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, freedom) < share else (low, middle)
    return high


def _below(t: float, freedom: int) -> float:
    """The distribution's share below t >= 0 (Abramowitz and Stegun, 26.7.3 and 26.7.4)."""
    angle = math.atan2(t, math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for step in range(2 + odd, freedom - 1, 2):
        term *= cosine**2 * (step - 1) / step
        total += term
    within = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return (1 + within) / 2

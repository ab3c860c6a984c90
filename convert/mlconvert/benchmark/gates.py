"""`--fail-if 'p99 > 1.05 * base'`: what must not hold of an artifact, said so that a build can stop at it.

A gate fails where it holds at the stated confidence: with the nearer end of the interval, not with the value alone.
"""

from __future__ import annotations

import operator
import re
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlconvert.benchmark.statistics import Ratio, compared
from mlconvert.errors import UsageError
from mlconvert.text import for_terminal, suggestion

if TYPE_CHECKING:
    from mlconvert.benchmark.turns import Cell

# What a number of a metric may be written in, and how many seconds, rows per second or bytes that is.
_TIMES = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_SIZES = {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_UNITS: dict[str, dict[str, float]] = {
    **dict.fromkeys(("p50", "p90", "p95", "p99", "mean", "load"), _TIMES),
    "throughput": {"/s": 1.0},
    **dict.fromkeys(("memory", "size"), _SIZES),
}
METRICS = tuple(_UNITS)
# These are of a subject; the others of each of its cells.
OF_SUBJECT = ("load", "memory", "size")
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip
_FORM = re.compile(r"\s*(?P<metric>\w+)\s*(?P<sign>[<>]=?)\s*(?P<side>.*?)\s*")
_BASE = re.compile(r"(?:(?P<factor>[\d.]+(?:e[+-]?\d+)?)\s*\*\s*)?base")
_NUMBER = re.compile(r"(?P<number>[\d.]+(?:e[+-]?\d+)?)\s*(?P<unit>\D*)")


@dataclass(frozen=True)
class Gate:
    """One condition. `bound` is in seconds, rows per second or bytes; or with `relative` in units of the source's."""

    expression: str
    metric: str
    sign: str
    bound: float
    relative: bool

    def holds(self, value: float, bound: float) -> bool:
        """Whether a value stands on the wrong side of a bound."""
        return _COMPARISONS[self.sign](value, bound)

    def judge(self, values: Sequence[float], base: Sequence[float], confidence: float) -> Judgement:
        """Hold a subject's values, one from each process, against the bound, or against the source's own values."""
        unit = statistics.mean(base) if self.relative else 1.0
        bound = self.bound * unit
        ratio = compared(values, base if self.relative else [1.0] * len(values), confidence=confidence)
        scaled = Ratio(ratio.median * unit, ratio.low * unit, ratio.high * unit)
        nearer = scaled.low if self.sign.startswith(">") else scaled.high
        return Judgement(scaled, bound, self.holds(nearer, bound), self.holds(scaled.median, bound))


@dataclass(frozen=True)
class Judgement:
    """A value with its interval, the bound that it must keep, and whether it surely breaks it, or as it seems."""

    value: Ratio
    bound: float
    failed: bool
    seems: bool


def read(expression: str) -> Gate:
    """A gate from its words. Raises UsageError that says what is known."""
    match = _FORM.fullmatch(expression)
    if match is None:
        raise _bad(expression, "it is no comparison", "write it like 'p99 > 1.05 * base' or 'p50 > 3ms'")
    metric, side = match["metric"], match["side"]
    if metric not in _UNITS:
        near = suggestion(metric, METRICS)
        raise _bad(expression, f"there is no metric {metric!r}{near}", f"metrics are: {', '.join(METRICS)}")
    relative = _BASE.fullmatch(side)
    try:
        bound = float(relative["factor"] or 1) if relative else _absolute(metric, side)
    except (ValueError, TypeError, KeyError):
        units = ", ".join(f"3{unit}" for unit in _UNITS[metric])
        raise _bad(
            expression, f"{side!r} is nothing to hold {metric} against", f"write 1.05 * base, base, or one of {units}"
        ) from None
    return Gate(expression, metric, match["sign"], bound, relative is not None)


def _absolute(metric: str, side: str) -> float:
    match = _NUMBER.fullmatch(side)
    if match is None:
        raise ValueError(side)
    return float(match["number"]) * _UNITS[metric][match["unit"].strip()]


def _bad(expression: str, message: str, fix: str) -> UsageError:
    text = f"--fail-if {for_terminal(expression)!r}: {message}"
    return UsageError(text, code="bad-gate", where="fail-if", fix=fix)


def values_of(metric: str, cell: Cell) -> list[float]:
    """A cell's metric, one number from each process."""
    if metric == "throughput":
        return cell.throughputs()
    return [measured(metric, samples) for samples in cell.samples()]


def measured(metric: str, samples: Sequence[float]) -> float:
    """A percentile of seconds, or their mean."""
    import numpy as np

    return float(np.mean(samples) if metric == "mean" else np.percentile(samples, int(metric[1:])))

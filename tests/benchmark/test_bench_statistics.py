"""Ratios and their intervals: what is known of them, and how often they are wrong on drawn noise."""

from __future__ import annotations

import numpy as np
import pytest

from mlconvert.benchmark.statistics import Ratio, compared, paired, quantile, student


@pytest.mark.parametrize(
    ("share", "freedom", "known"),
    # From the tables of Student's t.
    [(0.995, 1, 63.657), (0.995, 2, 9.925), (0.995, 4, 4.604), (0.975, 10, 2.228), (0.95, 30, 1.697), (0.5, 3, 0.0)],
)
def test_students_quantiles(share: float, freedom: int, known: float) -> None:
    assert quantile(share, freedom) == pytest.approx(known, abs=1e-3)


def test_students_interval() -> None:
    mean, half = student([1.0, 2.0, 3.0], 0.99)
    assert (mean, half) == (2.0, pytest.approx(9.925 / 3**0.5, abs=1e-3))
    assert student([1.0], 0.99) == (1.0, np.inf)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.03, 1.1, "slower"),
        (0.9, 0.97, "faster"),
        (0.99, 1.01, "equivalent"),
        (0.99, 1.03, "undecided"),
        (1.01, 1.1, "undecided"),
        (0.97, 1.01, "undecided"),
    ],
)
def test_a_verdict_is_that_of_the_whole_interval(low: float, high: float, verdict: str) -> None:
    assert Ratio((low * high) ** 0.5, low, high).verdict(0.02) == verdict


def test_rounds_are_paired() -> None:
    """What slows both sides of a round down together is no difference."""
    base = [[1.0, 5.0, 2.0, 9.0, 1.0]] * 4
    ratio = paired([[2 * seconds for seconds in rounds] for rounds in base], base, confidence=0.99)
    assert (ratio.median, ratio.low, ratio.high) == pytest.approx((2.0, 2.0, 2.0))


def test_a_burst_does_not_reach_the_median() -> None:
    base = [[1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1.0]] * 5
    hit = [[1.0, 1.01, 0.99, 50.0, 1.02, 0.98, 1.0]] * 5
    assert paired(hit, base, confidence=0.99).verdict(0.02) == "equivalent"


def test_processes_that_differ_widen_the_interval() -> None:
    """Thirty rounds each that agree to the digit say nothing of the next process."""
    base = [[1.0] * 30] * 3
    ratio = paired([[shift] * 30 for shift in (1.00, 1.05, 1.10)], base, confidence=0.99)
    assert ratio.verdict(0.02) == "undecided"
    assert ratio.low < 0.9 and ratio.high > 1.2


def test_the_same_seed_draws_the_same() -> None:
    times = np.random.default_rng(0).lognormal(0, 0.1, (5, 30)).tolist()
    base = [[1.0] * 30] * 5
    assert paired(times, base, confidence=0.99, seed=3) == paired(times, base, confidence=0.99, seed=3)


@pytest.mark.parametrize("slower", [1.0, 1.1])
def test_intervals_hold_as_often_as_they_say(slower: float) -> None:
    """Processes 1 % apart, rounds 10 % with bursts among them, as on a shared machine with two cores."""
    generator = np.random.default_rng(0)
    held, verdicts = 0, []
    for seed in range(100):
        processes = slower * np.exp(generator.normal(0, 0.01, (5, 1)))
        noise = np.exp(generator.normal(0, 0.05, (5, 30))) * np.where(generator.random((5, 30)) < 0.1, 2.0, 1.0)
        ratio = paired((processes * noise).tolist(), [[1.0] * 30] * 5, confidence=0.99, seed=seed)
        # Bursts reach one side alone here, and shift its median a little.
        shift = np.exp(0.05 * 0.14)
        held += ratio.low <= slower * shift <= ratio.high
        verdicts.append(ratio.verdict(0.02))
    assert held >= 97
    if slower == 1.0:
        assert verdicts.count("slower") + verdicts.count("faster") <= 2
    else:
        assert verdicts.count("slower") >= 95


def test_values_of_processes_are_compared() -> None:
    ratio = compared([2.0, 2.0, 2.2], [1.0, 1.0, 1.0], confidence=0.95)
    assert ratio.low < 2.0 < ratio.median < 2.2 < ratio.high


def test_what_is_exact_stays_so() -> None:
    assert compared([4097, 4097], [1.0, 1.0], confidence=0.99) == Ratio(4097.0, 4097.0, 4097.0)

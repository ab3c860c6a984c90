"""Gates: how they are read, what is no gate, and when one fails."""

from __future__ import annotations

import pytest

from mlconvert.benchmark import gates
from mlconvert.errors import UsageError


@pytest.mark.parametrize(
    ("expression", "metric", "sign", "bound", "relative"),
    [
        ("p99 > 1.05 * base", "p99", ">", 1.05, True),
        ("p50>base", "p50", ">", 1.0, True),
        ("throughput < 0.9*base", "throughput", "<", 0.9, True),
        ("mean >= 3ms", "mean", ">=", 0.003, False),
        ("p95 > 200 µs", "p95", ">", 0.0002, False),
        ("load > 1.5s", "load", ">", 1.5, False),
        ("throughput <= 50/s", "throughput", "<=", 50.0, False),
        ("memory > 100MiB", "memory", ">", 100 * 2**20, False),
        ("size > 5 KB", "size", ">", 5000.0, False),
    ],
)
def test_what_a_gate_says(expression: str, metric: str, sign: str, bound: float, relative: bool) -> None:
    gate = gates.read(expression)
    assert (gate.metric, gate.sign, gate.relative) == (metric, sign, relative)
    assert gate.bound == pytest.approx(bound)


@pytest.mark.parametrize(
    ("expression", "message", "fix"),
    [
        ("p59 > base", "no metric 'p59'; did you mean 'p9", "p50, p90, p95, p99, mean, load, throughput, memory, size"),
        ("p50 = 3ms", "no comparison", "1.05 * base"),
        ("hello", "no comparison", "1.05 * base"),
        ("p50 > 3MiB", "'3MiB' is nothing to hold p50 against", "3ms"),
        ("p50 > 3", "'3' is nothing to hold", "3ms"),
        ("size > 1.2.3MiB", "is nothing to hold", "3MiB"),
        ("p50 > 1.05 * bass", "is nothing to hold", "1.05 * base"),
        ("p50 >", "'' is nothing to hold", "base"),
    ],
)
def test_a_typo_is_a_usage_error_that_says_what_is_known(expression: str, message: str, fix: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        gates.read(expression)
    assert caught.value.exit_code == 2
    assert fix in caught.value.fix


def test_a_gate_fails_where_it_surely_holds() -> None:
    gate, base = gates.read("p99 > 1.05 * base"), [1.0, 1.01, 0.99, 1.0, 1.0]
    sure = gate.judge([1.2, 1.21, 1.19, 1.2, 1.2], base, 0.99)
    assert (sure.failed, sure.seems) == (True, True)
    assert sure.value.low > sure.bound == pytest.approx(1.05)


def test_a_gate_that_only_seems_to_hold_passes() -> None:
    gate, base = gates.read("p99 > 1.05 * base"), [1.0, 1.01, 0.99, 1.0, 1.0]
    unsure = gate.judge([1.0, 1.4, 0.9, 1.3, 1.1], base, 0.99)
    assert (unsure.failed, unsure.seems) == (False, True)
    better = gate.judge([0.8, 0.81, 0.79, 0.8, 0.8], base, 0.99)
    assert (better.failed, better.seems) == (False, False)


def test_a_gate_from_below_takes_the_upper_end() -> None:
    gate = gates.read("throughput < 100/s")
    assert gate.judge([50.0, 51.0, 49.0], [1.0] * 3, 0.95).failed
    assert not gate.judge([50.0, 150.0, 60.0], [1.0] * 3, 0.95).failed

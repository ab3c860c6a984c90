from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from mlconvert.reports import units


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (None, "–"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (46_800_000, "44.6 MiB"),
        (5 * 2**30, "5.0 GiB"),
        (2**50, "1048576.0 GiB"),
    ],
)
def test_a_size(count: int | None, shown: str) -> None:
    assert units.size(count) == shown


@pytest.mark.parametrize(
    ("unit", "value", "shown"),
    [
        (units.duration, 1.23e-5, "12.3 µs"),
        (units.duration, 9.996e-7, "1.00 µs"),
        (units.duration, 9.99e-7, "999 ns"),
        (units.duration, 2.5e-10, "0.250 ns"),
        (units.duration, 0.9994, "999 ms"),
        (units.duration, 61.26, "61.3 s"),
        (units.duration, 12345.0, "12,300 s"),
        (units.duration, 0.0, "0 ns"),
        (units.duration, None, "–"),
        (units.rate, 414_321.0, "414,000/s"),
        (units.rate, None, "–"),
        (units.ratio, 0.97234, "0.972×"),
        (units.ratio, 39.17, "39.2×"),
        (units.share, 1.0, "100%"),
        (units.share, 0.99999, "> 99.9%"),
        (units.share, 0.931, "93.1%"),
        (units.share, None, "–"),
        (units.error, 0.0, "0"),
        (units.error, 1.14e-5, "1.14e-5"),
        (units.error, 4e-6, "4e-6"),
        (units.error, 0.213, "0.213"),
        (units.error, None, "∞"),
        (units.excess, 0.052, "5.2%"),
        (units.excess, 1.0, "100.0%"),
        (units.excess, 5.0, "5.00×"),
        (units.excess, 968.2, "968×"),
        (units.excess, 96_000.0, "96,000×"),
        (units.excess, math.inf, "∞"),
        (units.cosine, 1.0, "1"),
        (units.cosine, 1 - 5.4e-12, "1 − 5.4e-12"),
        (units.cosine, 0.9906, "0.9906"),
        (units.cosine, -0.25, "-0.2500"),
        (units.cosine, None, "–"),
        (units.count, 12_300, "12,300"),
        (units.count, 9_198_890_910_699_479, "9.2e15"),
        (units.excess, 3.58e14, "3.58e14×"),
        (units.ratio, 0.02758, "0.0276×"),
    ],
)
def test_a_number_in_its_unit(unit: Callable[[float | None], str], value: float | None, shown: str) -> None:
    assert unit(value) == shown


def test_an_interval() -> None:
    assert units.interval(0.9641, 0.9809) == "0.964 to 0.981"
    assert units.interval(38.88, 39.43) == "38.9 to 39.4"

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlconvert.tally import Histogram, Products, Steps

VECTORS = arrays.arrays(np.float64, st.integers(0, 20), elements=st.floats(-1e150, 1e150))


@pytest.mark.parametrize("law", ["lognormal", "uniform", "zeros"])
def test_percentiles_are_within_two_per_cent(law: str) -> None:
    generator = np.random.default_rng(0)
    values = {
        "lognormal": generator.lognormal(-12, 3, 100_000),
        "uniform": generator.uniform(0, 1e-6, 100_000),
        "zeros": np.where(generator.random(100_000) < 0.95, 0.0, 1e-3),
    }[law]
    histogram = Histogram()
    for part in np.array_split(values, 7):
        histogram.add(part)
    assert histogram.mean == pytest.approx(values.mean())
    for name, found in histogram.percentiles().items():
        assert found == pytest.approx(np.percentile(values, float(name), method="inverted_cdf"), rel=0.02)


def test_bins_are_powers_of_two() -> None:
    histogram = Histogram()
    histogram.add(np.array([0.0, -0.0, 0.25, 0.3, 1.0, 1.5, 1.99, 2.0, math.inf]))
    assert histogram.bins() == [[0.0, 0.0, 2], [0.25, 0.5, 2], [1.0, 2.0, 3], [2.0, 4.0, 1]]
    assert histogram.mean == pytest.approx(7.04 / 9)
    assert histogram.percentiles()["99"] == math.inf


def test_the_last_bin_is_finite() -> None:
    histogram = Histogram()
    histogram.add(np.array([1.7e308]))
    assert histogram.bins() == [[2.0**1023, sys.float_info.max, 1]]


def test_of_nothing() -> None:
    assert (Histogram().bins(), Histogram().percentiles(), Histogram().mean) == ([], {}, 0.0)
    assert (Steps().bins(), Products().cosine, Products().snr, Products().rms(0)) == ([], 1.0, math.inf, 0.0)


def test_steps_are_binned_by_their_length() -> None:
    steps = Steps()
    steps.add(np.array([0, 0, 1, 2, 3, 4, 7, 8, 2**63], np.uint64))
    assert steps.bins() == [[0, 0, 2], [1, 1, 1], [2, 3, 2], [4, 7, 2], [8, 15, 1], [2**63, 2**64 - 1, 1]]


@given(VECTORS, st.data())
def test_products_in_parts_are_those_of_the_whole(one: np.ndarray, data: st.DataObject) -> None:
    other = data.draw(arrays.arrays(np.float64, one.shape, elements=st.floats(-1e150, 1e150)))
    parts, whole = Products(), Products()
    whole.add(one, other)
    for a, b in zip(np.array_split(one, 3), np.array_split(other, 3), strict=True):
        parts.add(a, b)
    assert parts.cosine == pytest.approx(whole.cosine, abs=1e-9)
    assert parts.rms(max(one.size, 1)) == pytest.approx(whole.rms(max(one.size, 1)))


def test_the_noise_in_decibels() -> None:
    products = Products()
    products.add(np.full(100, 10.0), np.full(100, 10.1))
    assert products.snr == pytest.approx(40.0)
    assert products.cosine == pytest.approx(1.0)


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_squares_beyond_float64_count(scale: float) -> None:
    products = Products()
    products.add(scale * np.array([3.0, 4.0]), scale * np.array([3.0, 4.0]))
    assert products.rms(2) == pytest.approx(scale * 5 / math.sqrt(2))
    assert products.cosine == pytest.approx(1.0)


def test_complex_numbers() -> None:
    products = Products()
    products.add(np.array([3 + 4j]), np.array([-3 - 4j]))
    assert (products.cosine, products.rms(1)) == (-1.0, pytest.approx(5.0))

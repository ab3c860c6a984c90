from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconvert.envelope import Envelope

MAGNITUDES = st.floats(0, 1e300) | st.sampled_from([0.0, 1.0, 5e-324])
ELEMENTS = st.lists(st.tuples(MAGNITUDES, MAGNITUDES), max_size=40)
TOLERANCES = st.sampled_from([0.0, 1e-4, 0.1, 1.0, 1e3])


def excess(size: np.ndarray, error: np.ndarray, rtol: float, atol: float) -> float:
    """What the corners stand for, element by element."""
    with np.errstate(all="ignore"):
        shares = np.where(error == 0, 0.0, error / (rtol * size + atol))
    return float(shares.max(initial=0.0))


def of(*parts: list[tuple[float, float]]) -> Envelope:
    envelope = Envelope()
    for part in parts:
        size, error = np.array(part, np.float64).reshape(-1, 2).T
        envelope.add(size, error)
    return envelope


@given(ELEMENTS, ELEMENTS, TOLERANCES, TOLERANCES)
def test_the_corners_judge_as_all_elements_do(
    one: list[tuple[float, float]], other: list[tuple[float, float]], rtol: float, atol: float
) -> None:
    size, error = np.array([*one, *other], np.float64).reshape(-1, 2).T
    assert of(one, other).excess(rtol, atol) == pytest.approx(excess(size, error, rtol, atol), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("law", ["normal", "relative", "rounded"])
def test_a_million_elements_leave_some_dozens_of_corners(seed: int, law: str) -> None:
    generator = np.random.default_rng(seed)
    size = np.abs(generator.standard_normal(10**6))
    error = np.abs(generator.standard_normal(10**6)) * 1e-6
    error = {"normal": error, "relative": error * size, "rounded": np.round(error, 6)}[law]
    envelope = Envelope()
    for part in np.split(np.arange(10**6), 8):
        envelope.add(size[part], error[part])
    assert len(envelope.corners) < 60
    for rtol, atol in ((1e-4, 1e-4), (0.0, 1e-6), (1e-6, 0.0), (1.0, 1e-9)):
        assert envelope.excess(rtol, atol) == pytest.approx(excess(size, error, rtol, atol), rel=1e-12)
    assert envelope.largest == error.max()


def test_an_error_where_nothing_is_allowed() -> None:
    assert of([(0.0, 1e-9), (1.0, 0.0)]).excess(1.0, 0.0) == math.inf
    assert of([(0.0, 0.0), (1.0, 0.0)]).excess(0.0, 0.0) == 0.0
    assert Envelope().excess(0.0, 0.0) == Envelope().largest == 0.0


def test_corners_survive_being_written_down() -> None:
    envelope = of([(0.1, 1.0), (1.0, 2.0), (3.0, 2.5), (2.0, 0.1)])
    assert Envelope(envelope.corners).corners == envelope.corners == [(0.1, 1.0), (1.0, 2.0), (3.0, 2.5)]

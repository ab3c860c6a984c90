from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconvert.errors import ConversionError
from mlconvert_plugins.pmmltrees import numbers

SINGLES = st.floats(width=32, allow_nan=False, allow_infinity=False)
MOST = float(np.finfo(np.float32).max)


@given(SINGLES)
def test_neighbours_are_numpys(value: float) -> None:
    with np.errstate(over="ignore"):
        assert numbers.before_single(value) == np.nextafter(np.float32(value), np.float32(-np.inf))
        assert numbers.after_single(value) == np.nextafter(np.float32(value), np.float32(np.inf))


def check_widest(value: float) -> None:
    widest = numbers.widest(value)
    with np.errstate(over="ignore"):
        assert np.float32(widest) <= value
        assert np.float32(np.nextafter(widest, np.inf)) > value


@given(SINGLES)
def test_the_widest_float64_is_the_last_that_rounds_there(value: float) -> None:
    check_widest(value)


@pytest.mark.parametrize("value", [0.0, -0.0, MOST, -MOST, 2.0**-149, -(2.0**-149), 2.0**-126])
def test_the_ends_of_float32(value: float) -> None:
    check_widest(value)


@given(SINGLES)
def test_a_decimal_is_rounded_once(value: float) -> None:
    """Beside the middle of two float32 numbers stand decimals that float64 takes for the middle itself."""
    above = numbers.after_single(value)
    if not np.isfinite(above):
        return
    with localcontext(prec=400):
        middle = (Decimal(value) + Decimal(above)) / 2
        step = (Decimal(above) - Decimal(value)) / Decimal(10) ** 30
        assert numbers.single(f"{middle - step:e}", "") == value
        assert numbers.single(f"{middle + step:e}", "") == above


@pytest.mark.parametrize("text", ["", "x", "1_0", "0x10", "NaN", "INF", "1e999", "1,5", None])
def test_what_is_no_number(text: str | None) -> None:
    with pytest.raises(ConversionError) as caught:
        numbers.double(text, "Node score")
    assert caught.value.where == "Node score"
    with pytest.raises(ConversionError):
        numbers.single(text or "1e39", "")

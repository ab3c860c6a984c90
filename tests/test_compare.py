from __future__ import annotations

import json
import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlconvert.compare import Difference, difference, worse
from mlconvert.stage import Tolerance

DECLARED = Tolerance()
EXACT = Tolerance(0.0, 0.0, 0.0)


def apart(one: Any, other: Any, tolerance: Tolerance = DECLARED, dtype: str = "float32") -> Difference:
    return difference("y", np.asarray(one, dtype), np.asarray(other, dtype), tolerance)


FLOATS = arrays.arrays(
    st.sampled_from([np.float16, np.float32, np.float64]), arrays.array_shapes(min_dims=0, min_side=0, max_side=4)
)


@given(FLOATS)
def test_an_array_is_no_distance_from_itself(array: np.ndarray) -> None:
    same = difference("y", array, array.copy(), EXACT)
    assert same.passed
    assert (same.max_abs, same.max_rel, same.excess, same.argmax) == (0, 0, 0, 1)


@given(FLOATS, st.data())
def test_every_report_is_a_json_document(array: np.ndarray, data: st.DataObject) -> None:
    other = data.draw(arrays.arrays(array.dtype, array.shape))
    entry = difference("y", array, other, DECLARED).as_json()
    assert json.loads(json.dumps(entry, allow_nan=False)) == entry
    assert entry["status"] == ("passed" if np.array_equal(array, other, equal_nan=True) else entry["status"])


def test_the_measures() -> None:
    found = apart([3.0, -4.0, 0.0], [3.3, -4.0, 0.0])
    assert found.max_abs == pytest.approx(0.3, rel=1e-6)
    assert found.max_rel == pytest.approx(0.1, rel=1e-6)
    assert found.rms == pytest.approx(5 / math.sqrt(3))
    assert found.cosine == pytest.approx(25.9 / (5 * math.sqrt(3.3**2 + 16)), rel=1e-6)
    assert found.excess == pytest.approx(0.3 / (1e-4 * 3 + 1e-4 * found.rms), rel=1e-4)
    assert not found.passed


@pytest.mark.parametrize(
    ("tolerance", "error", "passes"),
    [
        (Tolerance(rtol=0.1, atol=0.0), 0.99, True),
        (Tolerance(rtol=0.1, atol=0.0), 1.01, False),
        (Tolerance(rtol=0.0, atol=0.5), 0.49, True),
        (Tolerance(rtol=0.0, atol=0.5), 0.51, False),
        (Tolerance(rtol=0.0, rms=0.01), 0.099, True),
        (Tolerance(rtol=0.0, rms=0.01), 0.101, False),
        (Tolerance(rtol=0.05, atol=0.5), 0.99, True),
        (EXACT, 1e-6, False),
    ],
)
def test_a_tolerance_ends_where_it_says(tolerance: Tolerance, error: float, passes: bool) -> None:
    assert apart([10.0, -10.0], [10.0 + error, -10.0], tolerance, "float64").passed is passes


def test_an_error_where_the_reference_is_zero() -> None:
    found = apart([0.0, 1.0], [1e-9, 1.0])
    assert found.passed
    assert found.as_json()["max_rel"] is None
    nothing = apart([0.0, 0.0], [1e-9, 0.0])
    assert not nothing.passed
    assert nothing.as_json()["excess"] is None
    assert nothing.cosine == 0.0


def test_large_numbers_do_not_hide_an_error() -> None:
    assert not apart([1e200, 2e200], [1e200, 3e200], dtype="float64").passed
    assert not apart([1.7e308, 1.0], [-1.7e308, 1.0], dtype="float64").passed
    assert apart([1e200, 2e200], [1e200, 2e200 * (1 + 1e-9)], dtype="float64").passed


@pytest.mark.parametrize(
    ("one", "other", "problem"),
    [
        ([1.0, math.nan], [1.0, 2.0], "1 of 2 elements are NaN on one side alone"),
        ([1.0, 2.0], [math.nan, math.nan], "2 of 2 elements are NaN"),
        ([1.0, math.inf], [1.0, 2.0], "1 of 2 elements are infinity"),
        ([1.0, math.inf], [1.0, -math.inf], "1 of 2 elements are infinity"),
        ([math.nan, math.inf], [math.nan, math.inf], ""),
        ([math.nan, 1.0], [math.inf, 1.0], "1 of 2 elements are NaN"),
    ],
)
def test_what_is_no_number(one: list[float], other: list[float], problem: str) -> None:
    found = apart(one, other)
    assert found.problem.startswith(problem)
    assert found.passed is not bool(problem)


def test_shape_and_dtype_come_first() -> None:
    assert apart([1.0], [[1.0]]).problem == "shape [1, 1] instead of [1]"
    assert apart(np.zeros((1, 3)), np.zeros((3,))).problem == "shape [3] instead of [1, 3]"
    found = difference("y", np.zeros(3, np.float32), np.zeros(3), DECLARED)
    assert found.problem == "dtype float64 instead of float32"
    assert not found.passed


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int64", "uint64", "str", "object", "int4", "uint4"])
def test_whatever_counts_is_compared_exactly(dtype: str) -> None:
    kind = np.dtype(getattr(ml_dtypes, dtype) if dtype.endswith("int4") else dtype)
    array = np.array([0, 1, 1, 0]).astype(kind)
    other = np.array([0, 1, 1, 1]).astype(kind)
    loose = Tolerance(atol=1e9)
    assert difference("y", array, array, loose).passed
    found = difference("y", array, other, loose)
    assert found.problem == "1 of 4 elements differ"
    assert not found.passed


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "complex64"])
def test_the_other_floats_are_compared_by_tolerance(dtype: str) -> None:
    kind = np.dtype(dtype if dtype == "complex64" else getattr(ml_dtypes, dtype))
    array = np.array([1, 2, -4]).astype(kind)
    other = np.array([1, 2, -3]).astype(kind)
    assert difference("y", array, other, Tolerance(atol=1.5)).passed
    assert not difference("y", array, other, Tolerance(atol=0.5)).passed


def test_the_share_of_rows_that_agree() -> None:
    found = apart([[1.0, 2.0], [2.0, 1.0]], [[1.0, 2.0], [0.0, 1.0]])
    assert found.argmax == 0.5


def test_the_worst_of_both() -> None:
    one = Difference("y", max_abs=1.0, cosine=0.5, excess=0.1, problem="first")
    other = Difference("y", max_abs=0.5, cosine=0.9, excess=0.7, argmax=0.2, problem="second")
    assert worse(one, other) == Difference("y", 1.0, cosine=0.5, excess=0.7, argmax=0.2, problem="first")


# --- in units of the last place ------------------------------------------------------------------------


def stepped(value: float, steps: int, dtype: type) -> np.ndarray:
    array = np.array([value], dtype)
    for _ in range(abs(steps)):
        array = np.nextafter(array, dtype(np.inf if steps > 0 else -np.inf))
    return array


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("value", [1.0, -1.0, 1e-4, 0.0])
@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
def test_ulps_are_counted(dtype: type, value: float, steps: int) -> None:
    found = difference("y", np.array([value], dtype), stepped(value, steps, dtype), Tolerance(ulps=2))
    # One more between 0.0 and what is negative: there are two zeros.
    assert found.ulps == abs(steps) + (value == 0.0 and steps < 0)
    assert found.passed == (found.ulps <= 2)


def test_ulps_of_opposite_signs_do_not_overflow() -> None:
    found = difference("y", np.array([-1e308]), np.array([1e308]), Tolerance(ulps=4))
    assert found.ulps is not None and found.ulps > 2**62
    assert not found.passed


def test_exact_outputs_have_the_same_bits() -> None:
    declared = Tolerance(ulps=4, exact=("margin",))
    one, near = np.array([1.0, np.nan, np.inf]), np.array([np.nextafter(1.0, 2), np.nan, np.inf])
    assert difference("margin", one, one.copy(), declared).passed
    assert difference("probability", one, near, declared).passed
    found = difference("margin", one, near, declared)
    assert (found.passed, found.ulps, found.excess) == (False, 1, math.inf)
    assert not difference("margin", np.array([0.0]), np.array([-0.0]), declared).passed
    assert not difference("margin", one, one, Tolerance(exact=("margin",))).ulps


def test_atol_stands_in_where_places_are_lost() -> None:
    one, near = np.array([1e-20, 0.5]), np.array([3e-20, 0.5])
    assert not difference("p", one, near, Tolerance(ulps=4)).passed
    assert difference("p", one, near, Tolerance(ulps=4, atol=1e-15)).passed


def test_what_is_in_force_is_said() -> None:
    assert Tolerance().as_json() == {"rtol": 1e-4, "rms": 1e-4, "atol": None}
    declared = Tolerance(ulps=4, atol=1e-15, exact=("margin",))
    assert declared.as_json() == {"ulps": 4, "atol": 1e-15, "exact": ["margin"]}

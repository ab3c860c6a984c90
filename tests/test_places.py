from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlconvert.places import Places


@pytest.mark.parametrize(
    ("known", "value", "place"),
    [
        (("a", "b"), "b", 1),
        (("a", "b"), " b", -1),
        ((3, 5), "5", 1),
        ((3, 5), "5.0", 1),
        ((3, 5), np.int64(5), 1),
        ((3, 5), " 5 ", 1),
        ((0.5, 1.5), "1.5", 1),
        (("3", "5"), 5, 1),
        (("3", "5"), 5.0, 1),
        (("3", "3.0"), "3.0", 1),
        ((0, 1), True, -1),
        ((0, 1), "true", -1),
        ((False, True), "TRUE", 1),
        ((False, True), 1, -1),
        (("true",), True, -1),
        ((1, 10), "1_0", -1),
        ((1, 2), float("nan"), -1),
        ((1, 2), "nan", -1),
        (("a",), None, -1),
    ],
)
def test_a_value_is_found_as_what_it_means(known: tuple[Any, ...], value: Any, place: int) -> None:
    assert Places(known).find(value) == place

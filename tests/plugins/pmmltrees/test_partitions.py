from __future__ import annotations

import itertools
import math

import pytest

from mlconvert_plugins.pmmltrees import partitions
from mlconvert_plugins.pmmltrees.partitions import LOGIC, Choice, Codes, Line, Span, combined

TRUTHS = (True, False, None)


@pytest.mark.parametrize("operator", LOGIC)
def test_logic_is_the_same_whatever_the_order_of_its_parts(operator: str) -> None:
    """All but surrogate, which takes the first that is known."""
    for truths in itertools.product(TRUTHS, repeat=3):
        found = LOGIC[operator](*truths)
        assert found in TRUTHS
        if operator != "surrogate":
            assert all(LOGIC[operator](*other) == found for other in itertools.permutations(truths))


def test_unknown_is_what_may_go_either_way() -> None:
    for operator in ("and", "or", "xor"):
        for truths in itertools.product(TRUTHS, repeat=2):
            ways = itertools.product(*((True, False) if truth is None else (truth,) for truth in truths))
            outcomes = {LOGIC[operator](*way) for way in ways}
            assert LOGIC[operator](*truths) == (outcomes.pop() if len(outcomes) == 1 else None)


def test_lines_combine_everywhere() -> None:
    low = Line((1.0, math.inf), (True, False), None)
    high = Line((0.0, 3.0, math.inf), (False, True, False), True)
    both = combined(partitions.any_of, [low, high])
    assert isinstance(both, Line)
    for value in (-5.0, 0.0, 0.5, 1.0, 1.5, 3.0, 3.5, math.inf):
        assert both.at(value) == (low.at(value) or high.at(value))
    assert both.missing is True


def test_pieces_of_a_span_are_what_is_left_of_a_line() -> None:
    line = Line((0.0, 1.0, 2.0, math.inf), (True, False, False, True), None)
    assert Span().pieces(line) == [
        (Span(-math.inf, 0.0, False), True),
        (Span(0.0, 2.0, False), False),
        (Span(2.0, math.inf, False), True),
    ]
    assert Span(0.0, 1.5).pieces(line) == [(Span(0.0, 1.5, False), False)]
    assert Span().only_nan().pieces(line) == []


def test_pieces_of_a_choice_are_what_is_left_of_codes() -> None:
    codes = Codes({1: True, 2: True, 3: False}, False, None)
    listed = Choice(frozenset([1, 3]), others=False)
    assert listed.pieces(codes) == [
        (Choice(frozenset([1]), False, False), True),
        (Choice(frozenset([3]), False, False), False),
    ]
    # Of an open choice what is like all others stays with them.
    assert Choice().pieces(codes) == [
        (Choice(frozenset([1, 2]), False, False), True),
        (Choice(frozenset([1, 2]), True, False), False),
    ]
    assert Choice().only_nan().pieces(codes) == []

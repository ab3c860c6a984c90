"""What holds of one column: truths over the line of numbers, or over category codes.

A truth is True, False or None, PMML's "unknown". Anything else may stand in its place, too: partitions only carry it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """Of numbers: `values[i]` holds above `ends[i - 1]` up to `ends[i]`, the last end is infinity. `missing` of NaN."""

    ends: tuple[float, ...]
    values: tuple[Any, ...]
    missing: Any

    def at(self, value: float) -> Any:
        """What holds of a number."""
        return self.values[bisect_left(self.ends, value)]

    def with_missing(self, value: Any) -> Line:
        """The same with another truth for NaN."""
        return Line(self.ends, self.values, value)


@dataclass(frozen=True, slots=True)
class Codes:
    """Of category codes: `values` by code, `other` of every code that is not in it. `missing` of NaN."""

    values: dict[int, Any]
    other: Any
    missing: Any

    def at(self, code: int) -> Any:
        """What holds of a code."""
        return self.values.get(code, self.other)

    def with_missing(self, value: Any) -> Codes:
        """The same with another truth for NaN."""
        return Codes(self.values, self.other, value)


Partition = Line | Codes


def constant(like: Partition, value: Any, missing: Any) -> Partition:
    """One value of everything that is not missing."""
    return Line((math.inf,), (value,), missing) if isinstance(like, Line) else Codes({}, value, missing)


def combined(function: Callable[..., Any], parts: Sequence[Partition]) -> Partition:
    """The function of what the parts hold, everywhere. They are all of one kind."""
    missing = function(*(part.missing for part in parts))
    if isinstance(parts[0], Line):
        lines = [part for part in parts if isinstance(part, Line)]
        ends = tuple(sorted({end for line in lines for end in line.ends}))
        return Line(ends, tuple(function(*(line.at(end) for line in lines)) for end in ends), missing)
    groups = [part for part in parts if isinstance(part, Codes)]
    codes = {code for group in groups for code in group.values}
    values = {code: function(*(group.at(code) for group in groups)) for code in codes}
    return Codes(values, function(*(group.other for group in groups)), missing)


@dataclass(frozen=True, slots=True)
class Span:
    """What a number may still be: above `low` up to `high`, and NaN where `nan`. `low` is not below `high` when only
    NaN is left.
    """

    low: float = -math.inf
    high: float = math.inf
    nan: bool = True

    @property
    def nothing_but_nan(self) -> bool:
        """Whether no number is left."""
        return not self.low < self.high

    def without_nan(self) -> Span:
        """The numbers."""
        return Span(self.low, self.high, False)

    def only_nan(self) -> Span:
        """NaN alone."""
        return Span(math.inf, math.inf, True)

    def pieces(self, line: Line) -> list[tuple[Span, Any]]:
        """The numbers cut where the line is, each piece with what holds of it; neighbours that agree are one."""
        found: list[tuple[Span, Any]] = []
        low = self.low
        for number in range(bisect_left(line.ends, self.low), len(line.ends)):
            if low >= self.high:
                break
            end, value = min(line.ends[number], self.high), line.values[number]
            if low < end:
                if found and found[-1][1] == value:
                    found[-1] = (Span(found[-1][0].low, end, False), value)
                else:
                    found.append((Span(low, end, False), value))
                low = end
        return found


@dataclass(frozen=True, slots=True)
class Choice:
    """Which codes a category may still have: those in `codes`, or where `others` all but those. NaN where `nan`."""

    codes: frozenset[int] = frozenset()
    others: bool = True
    nan: bool = True

    @property
    def nothing_but_nan(self) -> bool:
        """Whether no code is left."""
        return not self.codes and not self.others

    def without_nan(self) -> Choice:
        """The codes."""
        return Choice(self.codes, self.others, False)

    def only_nan(self) -> Choice:
        """NaN alone."""
        return Choice(frozenset(), False, True)

    def pieces(self, group: Codes) -> list[tuple[Choice, Any]]:
        """The codes by what holds of them: first those that are listed one by one, last what holds of all others."""
        if not self.others:
            listed: frozenset[int] = self.codes
        else:
            listed = frozenset(group.values) - self.codes
        by_value: dict[Any, set[int]] = {}
        for code in sorted(listed):
            by_value.setdefault(group.at(code), set()).add(code)
        if not self.others:
            return [(Choice(frozenset(codes), False, False), value) for value, codes in by_value.items()]
        same = by_value.pop(group.other, set())
        found = [(Choice(frozenset(codes), False, False), value) for value, codes in by_value.items()]
        return [*found, (Choice(self.codes | (listed - same), True, False), group.other)]


State = Span | Choice


# --- PMML's logic of three values -----------------------------------------------------------------------


def all_of(*truths: bool | None) -> bool | None:
    """`and`: false where one is, else unknown where one is."""
    return False if False in truths else None if None in truths else True


def any_of(*truths: bool | None) -> bool | None:
    """`or`: true where one is, else unknown where one is."""
    return True if True in truths else None if None in truths else False


def odd_of(*truths: bool | None) -> bool | None:
    """`xor`: unknown where one is."""
    return None if None in truths else sum(map(bool, truths)) % 2 == 1


def first_known(*truths: bool | None) -> bool | None:
    """`surrogate`: the first that is known."""
    return next((truth for truth in truths if truth is not None), None)


LOGIC: dict[str, Callable[..., bool | None]] = {"and": all_of, "or": any_of, "xor": odd_of, "surrogate": first_known}

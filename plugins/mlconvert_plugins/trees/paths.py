"""What a row must hold to reach a leaf: the path's decisions, intersected column by column.

A column without a value that satisfies all its nodes proves the leaf dead: no row reaches it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlconvert_plugins.trees.model import Decision, Forest

if TYPE_CHECKING:
    from mlconvert_plugins.trees.score import Scorer

_INF = math.inf
_MOST_FLOAT32 = (2 - 2**-23) * 2.0**127


class DeadError(Exception):
    """No row reaches the leaf."""


@dataclass(frozen=True)
class Interval:
    """What a compared column may still hold: numbers above `low` up to `high` other than 0, and 0 and NaN apart."""

    low: float = -_INF
    high: float = _INF
    # -inf is a number above no other: whether it is still possible.
    bottom: bool = True
    zero: bool = True
    nan: bool = True

    def narrowed(self, decision: Decision, threshold: float, left: bool) -> Interval:
        """What is left of it on one side of a node."""
        to_default = (decision.default == "left") == left
        zero_goes = to_default if decision.missing == "zero" else (threshold >= 0) == left
        nan_goes = (threshold >= 0) == left if decision.missing == "none" else to_default
        kept = replace(self, zero=self.zero and zero_goes, nan=self.nan and nan_goes)
        if left:
            return replace(kept, high=min(self.high, threshold))
        return replace(kept, low=max(self.low, threshold), bottom=False)

    def values(self, grid: Grid) -> list[float]:
        """Values at its ends and within. Empty when there are none."""
        found = [0.0, -0.0] if self.zero else []
        if self.nan and not grid.whole:
            found.append(math.nan)
        if self.bottom and grid.read == "float64":
            found.append(-_INF)
        lowest, highest = grid.above(self.low), grid.at_most(self.high)
        if self.low < lowest <= highest:
            middle = grid.at_most(lowest / 2 + highest / 2) if math.isfinite(lowest + highest) else lowest
            found += [value for value in (lowest, highest, middle) if lowest <= value <= highest and value != 0]
        return found


@dataclass(frozen=True)
class Members:
    """What a column of categories may still hold: codes (a bit mask), whatever is in no set, and NaN."""

    codes: int = -1
    beyond: bool = True
    nan: bool = True

    def narrowed(self, decision: Decision, members: int, left: bool) -> Members:
        """What is left of it on one side of a node."""
        inside = (decision.members == "left") == left
        return Members(
            self.codes & (members if inside else ~members),
            self.beyond and not inside,
            self.nan and (decision.default == "left") == left,
        )

    def values(self, limit: int) -> list[float]:
        """A few of its codes below `limit`, the number of codes that any set of the column has room for."""
        codes = self.codes & ((1 << limit) - 1)
        found = [] if not codes else [float((codes & -codes).bit_length() - 1), float(codes.bit_length() - 1)]
        if codes & 1 and len(found) > 1:
            found.append(found[1] + 0.5)
        if self.beyond:
            found += [float(limit), -1.0, 3e9]
        return [*found, math.nan] if self.nan else found


@dataclass(frozen=True)
class Grid:
    """The numbers other than 0 that reading leaves distinct: float32 or float64, and none in -zero..zero."""

    read: str
    zero: float
    # Whether the library takes no missing value.
    whole: bool = False

    def at_most(self, value: float) -> float:
        """The greatest of them up to `value`; NaN below the least."""
        found = self._rounded(min(value, self._most()), -_INF)
        return self._rounded(math.nextafter(-self.zero, -_INF), -_INF) if -self.zero <= found <= self.zero else found

    def above(self, value: float) -> float:
        """The least of them above `value`."""
        found = self._rounded(math.nextafter(value, _INF), _INF)
        return self._rounded(math.nextafter(self.zero, _INF), _INF) if -self.zero <= found <= self.zero else found

    def _most(self) -> float:
        """Libraries that read float32 refuse what is infinite in it."""
        return _INF if self.read == "float64" else _MOST_FLOAT32

    def _rounded(self, value: float, toward: float) -> float:
        import numpy as np

        if self.read == "float64":
            return value
        with np.errstate(over="ignore"):
            near = np.float32(value)
        wrong = float(near) > value if toward < 0 else float(near) < value
        return float(np.nextafter(near, np.float32(toward))) if wrong else float(near)


class Paths:
    """The paths of a forest's leaves."""

    def __init__(self, scorer: Scorer) -> None:
        import numpy as np

        self.scorer = scorer
        self.forest: Forest = scorer.forest
        whole = any(column.missing == "refused" for column in self.forest.columns)
        self.grid = Grid(self.forest.read, self.forest.zero, whole)
        leaves = len(self.forest.leaf_value)
        above = np.full((leaves + len(scorer.children), 2), -1, dtype=np.int64)
        for side in (0, 1):
            child = scorer.children[:, side]
            above[np.where(child >= 0, child + leaves, ~child)] = np.stack(
                [np.arange(len(child)), np.full(len(child), side)], axis=1
            )
        self._above = above.tolist()
        self._leaves = leaves
        self.limits = _code_limits(self.forest)

    def values(self, leaf: int) -> dict[int, list[float]]:
        """For each column on the path to a leaf, counted over the forest, values that lead there.

        Raises DeadError where a column has none.
        """
        found: dict[int, Interval | Members] = {}
        nodes = self.forest.nodes
        place = leaf
        while (step := self._above[place])[0] >= 0:
            node, side = step
            column = int(nodes.column[node])
            found[column] = self._narrowed(found.get(column), node, side == 0)
            place = node + self._leaves
        return {column: self._some(column, state) for column, state in found.items()}

    def _narrowed(self, state: Interval | Members | None, node: int, left: bool) -> Interval | Members:
        decision = self.forest.decisions[self.forest.nodes.decision[node]]
        if decision.test == "in":
            members = state or Members()
            assert isinstance(members, Members)
            return members.narrowed(decision, self._bits(node), left)
        interval = state or Interval()
        assert isinstance(interval, Interval)
        return interval.narrowed(decision, float(self.scorer.threshold[node]), left)

    def _bits(self, node: int) -> int:
        start, words = int(self.scorer.set_start[node]), int(self.scorer.set_words[node])
        return int.from_bytes(self.forest.tables.set[start : start + words].astype("<u4").tobytes(), "little")

    def _some(self, column: int, state: Interval | Members) -> list[float]:
        values = state.values(self.grid) if isinstance(state, Interval) else state.values(self.limits[column])
        if not values:
            raise DeadError
        return values


def _code_limits(forest: Forest) -> list[int]:
    """For each column, the number of codes that its largest set has room for."""
    limits, start = [], 0
    for count in forest.tables.set_count.tolist():
        words = forest.tables.set_words[start : start + count]
        limits.append(32 * int(words.max(initial=0)))
        start += count
    return limits

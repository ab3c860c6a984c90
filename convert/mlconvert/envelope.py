"""The errors that can decide about a tolerance: enough to judge any other one later, without the arrays.

An element passes where its error is at most `rtol * size + atol`, `size` being the magnitude of its reference. Over the
plane of (size, error) that is a rising line, so of any number of elements only the corners of the upper left convex
hull can leave it first. Some dozens of corners stand for gigabytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Corner = tuple[float, float]

# So many elements give a first hull, above which few of the others stand.
_SAMPLE = 2048


class Envelope:
    """The corners, as (size, error), from the smallest size to the largest error."""

    def __init__(self, corners: Iterable[Sequence[float]] = ()) -> None:
        self.corners: list[Corner] = [(float(size), float(error)) for size, error in corners]

    def add(self, size: np.ndarray, error: np.ndarray) -> None:
        """Take in elements: two finite float64 arrays of one dimension, 0 or larger."""
        if size.size > 2 * _SAMPLE:
            stride = size.size // _SAMPLE
            self._add(size[::stride], error[::stride])
        self._add(size, error)

    def _add(self, size: np.ndarray, error: np.ndarray) -> None:
        import numpy as np

        if self.corners:
            sizes, errors = zip(*self.corners, strict=True)
            above = error > np.interp(size, sizes, errors, left=-1.0)
            size, error = size[above], error[above]
        self.merge(zip(size.tolist(), error.tolist(), strict=True))

    def merge(self, corners: Iterable[Corner]) -> None:
        """Take in the corners of another envelope."""
        hull: list[Corner] = []
        for point in sorted([*self.corners, *corners], key=lambda one: (one[0], -one[1])):
            if hull and point[1] <= hull[-1][1]:
                continue  # as large an error where less is allowed
            while len(hull) > 1 and _slope(hull[-2], hull[-1]) <= _slope(hull[-1], point):
                hull.pop()
            hull.append(point)
        self.corners = hull

    def as_json(self) -> list[list[float]]:
        """The corners, in the form that a JSON document takes and the constructor reads."""
        return [list(corner) for corner in self.corners]

    @property
    def largest(self) -> float:
        """The largest error; 0 of nothing."""
        return self.corners[-1][1] if self.corners else 0.0

    def excess(self, rtol: float, atol: float) -> float:
        """The largest error in units of what is allowed at its place: above 1 is beyond the tolerance."""
        return max((_share(error, rtol * size + atol) for size, error in self.corners), default=0.0)


def _slope(one: Corner, other: Corner) -> float:
    """Of two corners, the second of which has the larger size and the larger error."""
    width = other[0] - one[0]
    return (other[1] - one[1]) / width if width else math.inf


def _share(error: float, allowed: float) -> float:
    return error / allowed if allowed else math.inf if error else 0.0

"""Counting errors as they come by: means, percentiles and histograms of any number of elements in a fixed room."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# A float64's exponent and the first five bits behind it: bins a 32nd of an octave wide, 3 % from end to end.
_FINE = 5
_SHIFT = 52 - _FINE
# Of finite numbers; infinity is the next one.
_OCTAVES = 2047
_PERCENTILES = (50.0, 90.0, 99.0, 99.9)

Bins = list[list[float]]


class Histogram:
    """How often which magnitude came by. Percentiles are right within 2 %."""

    def __init__(self) -> None:
        self._counts: Any = None
        self.elements = 0
        self.total = 0.0

    def add(self, magnitudes: np.ndarray) -> None:
        """Take in a one-dimensional float64 array of numbers from 0 up; an infinity counts, and not in the mean."""
        import numpy as np

        if not magnitudes.size:
            return
        magnitudes = np.abs(magnitudes)  # of the zeros too: the sign of one would be its largest bit
        found = np.bincount(magnitudes.view(np.int64) >> _SHIFT)
        if self._counts is None or len(found) > len(self._counts):
            self._counts, found = found, self._counts
        if found is not None:
            self._counts[: len(found)] += found
        self.elements += magnitudes.size
        self.total += float(magnitudes.sum(where=np.isfinite(magnitudes)))

    @property
    def mean(self) -> float:
        """Of the finite ones; 0 of nothing."""
        return self.total / self.elements if self.elements else 0.0

    def percentiles(self) -> dict[str, float]:
        """By their names, `50` to `99.9`: the middle of the bin in which each lies."""
        import numpy as np

        if not self.elements:
            return {}
        reached = np.cumsum(self._counts)
        places = np.searchsorted(reached, [math.ceil(share / 100 * self.elements) for share in _PERCENTILES])
        return {f"{share:g}": _middle(int(place)) for share, place in zip(_PERCENTILES, places, strict=True)}

    def bins(self) -> Bins:
        """[low, high, count] by powers of two; the empty and the infinite are left out, [0, 0, count] stands first."""
        return list(self._bins())

    def _bins(self) -> Iterator[list[float]]:
        import numpy as np

        if self._counts is None:
            return
        if self._counts[0]:
            yield [0.0, 0.0, int(self._counts[0])]
        octaves = np.add.reduceat(self._counts, np.arange(0, len(self._counts), 2**_FINE))
        octaves[0] -= self._counts[0]
        for octave in np.flatnonzero(octaves[:_OCTAVES]).tolist():
            high = min(_value((octave + 1) << _FINE), sys.float_info.max)
            yield [_value(octave << _FINE), high, int(octaves[octave])]


def _value(place: int) -> float:
    """The smallest magnitude of a bin."""
    import numpy as np

    return float(np.int64(place << _SHIFT).view(np.float64))


def _middle(place: int) -> float:
    if place == 0 or place >> _FINE == _OCTAVES:
        return _value(place)
    return (_value(place) + _value(place + 1)) / 2


class Steps:
    """A histogram of whole numbers by their length in bits: 0, 1, 2 to 3, 4 to 7, and so on."""

    def __init__(self) -> None:
        self._counts = [0] * 65

    def add(self, steps: np.ndarray) -> None:
        """Take in a uint64 array."""
        import numpy as np

        # Exact enough: what rounds up to the next power of two is one step from it.
        lengths = np.frexp(steps.astype(np.float64))[1]
        for length, count in enumerate(np.bincount(lengths, minlength=65)[:65].tolist()):
            self._counts[length] += count

    def bins(self) -> list[list[int]]:
        """[low, high, count], both ends included, those that are empty left out."""
        return [
            [2 ** (length - 1) if length else 0, 2**length - 1, count]
            for length, count in enumerate(self._counts)
            if count
        ]


class Products:
    """Sums of squares and of products of two vectors, whatever their magnitudes; for the cosine and the noise."""

    def __init__(self) -> None:
        self._sums = [0.0, 0.0, 0.0, 0.0]
        self._scale = 0

    def add(self, expected: np.ndarray, got: np.ndarray) -> None:
        """Take in finite float64 or complex128 arrays of one dimension."""
        import numpy as np

        peak = max(float(np.abs(expected).max(initial=0.0)), float(np.abs(got).max(initial=0.0)))
        if not peak:
            return
        # Against overflow and underflow of the squares; by powers of two, which round nothing.
        self._rescale(math.frexp(peak)[1])
        one, other = (np.ldexp(x.view(np.float64), -self._scale).view(x.dtype) for x in (expected, got))
        apart = one - other
        for place, (a, b) in enumerate(((one, one), (other, other), (one, other), (apart, apart))):
            self._sums[place] += float(np.vdot(a, b).real)

    def _rescale(self, exponent: int) -> None:
        if not any(self._sums):
            self._scale = exponent
        elif exponent > self._scale:
            self._sums = [math.ldexp(total, 2 * (self._scale - exponent)) for total in self._sums]
            self._scale = exponent

    def rms(self, count: int) -> float:
        """The root mean square of the first vector."""
        return math.ldexp(math.sqrt(self._sums[0] / count), self._scale) if count else 0.0

    @property
    def cosine(self) -> float:
        """Of the angle between the two; 1 where both are zero, 0 where one is."""
        one, other, both, apart = self._sums
        if not (one and other and apart):
            return 0.0 if apart else 1.0
        return max(-1.0, min(1.0, both / (math.sqrt(one) * math.sqrt(other))))

    @property
    def snr(self) -> float:
        """The power of the first vector over that of the difference, in dB; infinite where there is none."""
        signal, noise = self._sums[0], self._sums[3]
        return math.inf if not noise else 10 * math.log10(signal / noise) if signal else -math.inf

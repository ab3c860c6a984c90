"""How far an inner tensor of an artifact stands from its source's, in units of what a tolerance allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlconvert.stage import Tolerance

if TYPE_CHECKING:
    import numpy as np

# What short floats leave of a product's exactness: four units in its last place.
_LEAVES = {"float16": 2**-8, "bfloat16": 2**-5}


@dataclass(frozen=True)
class Gap:
    """One tensor's distance: above an `excess` of 1 it is beyond what is allowed. `problem` says what no number can.

    `finite` is False where NaN or an infinity stands on one side alone.
    """

    excess: float
    max_abs: float
    problem: str = ""
    finite: bool = True


@dataclass(frozen=True)
class Bounds:
    """|difference| <= rtol * |source| + share * RMS(source), for every inner tensor by its own RMS."""

    rtol: float
    share: float

    @staticmethod
    def of(tolerance: Tolerance, output: np.ndarray) -> Bounds:
        """The bounds that a tolerance for `output` means for tensors of other sizes."""
        if tolerance.atol is None:
            return Bounds(tolerance.rtol, tolerance.rms)
        scale = _rms(output)
        return Bounds(tolerance.rtol, tolerance.atol / scale if scale else tolerance.rms)

    def loosened(self, dtype: str) -> Bounds:
        """What can be asked where an artifact computes in this type."""
        least = _LEAVES.get(dtype, 0.0)
        return Bounds(max(self.rtol, least), max(self.share, least))

    def floor(self, expected: np.ndarray) -> float:
        """The part of what is allowed that is the same for every element."""
        return self.share * _rms(expected)

    def gap(self, expected: np.ndarray, got: np.ndarray) -> Gap:
        """Hold one tensor against its source's; types may differ, shapes may not."""
        import numpy as np

        if expected.shape != got.shape:
            return Gap(math.inf, math.inf, f"shape {list(got.shape)} instead of {list(expected.shape)}")
        if not expected.size:
            return Gap(0.0, 0.0)
        if not (is_float(expected) and is_float(got)):
            wrong = int(np.count_nonzero(expected != got))
            return Gap(math.inf, math.inf, f"{wrong} of {expected.size} elements differ") if wrong else Gap(0.0, 0.0)
        wide = np.complex128 if "c" in (expected.dtype.kind, got.dtype.kind) else np.float64
        return self._floats(expected.astype(wide), got.astype(wide))

    def _floats(self, expected: np.ndarray, got: np.ndarray) -> Gap:
        import numpy as np

        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            same = (expected == got) | (np.isnan(expected) & np.isnan(got))
            apart = np.where(same, 0.0, np.abs(got - expected))
            excess = np.where(same, 0.0, apart / (self.rtol * np.abs(expected) + self.floor(expected)))
        one_sided = ~same & ~(np.isfinite(expected) & np.isfinite(got))
        if one_sided.any():
            what = "not finite" if np.isfinite(expected[one_sided]).all() else "not finite on one side alone"
            return Gap(math.inf, math.inf, f"{int(one_sided.sum())} of {expected.size} elements are {what}", False)
        return Gap(float(excess.max()), float(apart.max()))


def is_float(array: np.ndarray) -> bool:
    """Whether the elements are floats or complex numbers, those of ml_dtypes included."""
    return array.dtype.kind in "fc" or "float" in array.dtype.name


def _rms(array: np.ndarray) -> float:
    """The root mean square of the finite elements."""
    import numpy as np

    size = np.abs(array.astype(np.complex128 if array.dtype.kind == "c" else np.float64))
    finite = size[np.isfinite(size)]
    peak = float(finite.max(initial=0.0))
    return peak * float(np.sqrt(np.mean((finite / peak) ** 2))) if peak else 0.0


def narrower(expected: np.ndarray, got: np.ndarray) -> str:
    """The name of the short float type that one of the two has, '' where neither is one."""
    return next((array.dtype.name for array in (got, expected) if array.dtype.name in _LEAVES), "")

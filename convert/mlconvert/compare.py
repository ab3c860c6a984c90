"""How far two arrays stand apart, in the measures that a report shows."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from mlconvert.stage import Tolerance

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Difference:
    """The distance of one output from its reference.

    `excess` is the largest |difference| in units of what the tolerance allows at its place: above 1 fails. `rms` is
    the reference's root mean square. `argmax` is the share of rows (last axis) whose largest element stands at the
    same place. `ulps` counts floats between the two, where the tolerance is in them. `problem` says why the two cannot
    be compared or are apart beyond numbers.
    """

    name: str
    max_abs: float = 0.0
    max_rel: float = 0.0
    rms: float = 0.0
    cosine: float = 1.0
    argmax: float = 1.0
    excess: float = 0.0
    ulps: int | None = None
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether the output is within its tolerance."""
        return not self.problem and self.excess <= 1.0

    def as_json(self) -> dict[str, Any]:
        """The form that a JSON document takes, which knows no infinity: what has no bound is null."""
        entry = {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in asdict(self).items()
        }
        return {**entry, "status": "passed" if self.passed else "failed"}


def difference(name: str, reference: np.ndarray, value: np.ndarray, tolerance: Tolerance) -> Difference:
    """Compare one output with its reference: shape, dtype, NaN and infinities first, then every element."""
    import numpy as np

    if reference.shape != value.shape:
        return Difference(name, problem=f"shape {list(value.shape)} instead of {list(reference.shape)}")
    if reference.dtype != value.dtype:
        return Difference(name, problem=f"dtype {value.dtype} instead of {reference.dtype}")
    if reference.dtype.kind in "biuOSU" or "int" in reference.dtype.name:
        return _exact(name, reference, value)
    wide = np.complex128 if reference.dtype.kind == "c" else np.float64
    expected, got = reference.astype(wide), value.astype(wide)
    problem = _not_finite(expected, got)
    if problem:
        return Difference(name, problem=problem)
    finite = np.isfinite(expected)
    found = _measure(name, expected[finite], got[finite], tolerance, _argmax(expected, got))
    if reference.dtype.kind != "f" or (tolerance.ulps is None and name not in tolerance.exact):
        return found
    exact = name in tolerance.exact
    furthest, excess = _in_ulps(reference[finite], value[finite], 0 if exact else tolerance.ulps or 0)
    if tolerance.atol and not exact:
        with np.errstate(over="ignore"):
            excess = np.minimum(excess, np.abs(got[finite] - expected[finite]) / tolerance.atol)
    return replace(found, ulps=furthest, excess=float(excess.max(initial=0.0)))


def _in_ulps(expected: np.ndarray, got: np.ndarray, allowed: int) -> tuple[int, np.ndarray]:
    """How many floats of their type lie between the two at most (one between the zeros), and how much of `allowed`
    each distance takes.
    """
    import numpy as np

    least = -(2 ** (8 * expected.dtype.itemsize - 1))
    places = []
    for array in (expected, got):
        bits = array.view(f"i{array.dtype.itemsize}").astype(np.int64)
        # Floats are ordered by sign and magnitude, not as integers are; -0.0 comes right before 0.0.
        places.append(np.where(bits < 0, least - bits - 1, bits))
    apart = np.maximum(*places).view(np.uint64) - np.minimum(*places).view(np.uint64)
    return int(apart.max(initial=0)), np.where(apart == 0, 0.0, apart / allowed if allowed else math.inf)


def _exact(name: str, reference: np.ndarray, value: np.ndarray) -> Difference:
    import numpy as np

    wrong = int(np.count_nonzero(reference != value))
    if not wrong:
        return Difference(name)
    problem = f"{wrong} of {reference.size} elements differ"
    if reference.dtype.kind in "iu":
        furthest = float(np.abs(reference.astype(np.float64) - value.astype(np.float64)).max())
        return Difference(name, max_abs=furthest, excess=float("inf"), problem=problem)
    return Difference(name, excess=float("inf"), problem=problem)


def _not_finite(expected: np.ndarray, got: np.ndarray) -> str:
    """How NaN and infinities disagree; '' where they stand at the same places."""
    import numpy as np

    for what, wrong in (
        ("NaN", np.isnan(expected) != np.isnan(got)),
        ("infinity", np.where(np.isinf(expected) | np.isinf(got), expected != got, False)),
    ):
        wrong &= ~(np.isnan(expected) & np.isnan(got))
        if wrong.any():
            return f"{int(wrong.sum())} of {expected.size} elements are {what} on one side alone"
    return ""


def _measure(name: str, expected: np.ndarray, got: np.ndarray, tolerance: Tolerance, argmax: float) -> Difference:
    import numpy as np

    if not expected.size:
        return Difference(name)
    size = np.abs(expected)
    rms = _rms(size)
    allowed = tolerance.rtol * size + (tolerance.rms * rms if tolerance.atol is None else tolerance.atol)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        apart = np.abs(got - expected)
        excess = np.where(apart == 0, 0.0, apart / allowed)
        relative = np.where(apart == 0, 0.0, apart / size)
    return Difference(
        name,
        max_abs=float(apart.max()),
        max_rel=float(relative.max()),
        rms=rms,
        cosine=_cosine(expected, got),
        argmax=argmax,
        excess=float(excess.max()),
    )


def _rms(size: np.ndarray) -> float:
    """The root mean square of magnitudes, also of those whose square is beyond float64."""
    import numpy as np

    peak = float(size.max())
    return peak * float(np.sqrt(np.mean((size / peak) ** 2))) if peak else 0.0


def _cosine(expected: np.ndarray, got: np.ndarray) -> float:
    import numpy as np

    peaks = float(np.abs(expected).max()), float(np.abs(got).max())
    if not all(peaks):
        return 1.0 if peaks[0] == peaks[1] else 0.0
    one, other = expected / peaks[0], got / peaks[1]
    product = complex(np.vdot(one, other)) / (float(np.linalg.norm(one)) * float(np.linalg.norm(other)))
    return min(1.0, abs(product)) * (-1.0 if product.real < 0 else 1.0)


def _argmax(expected: np.ndarray, got: np.ndarray) -> float:
    import numpy as np

    if expected.ndim == 0 or expected.size == 0 or expected.dtype.kind == "c":
        return 1.0
    return float(np.mean(expected.argmax(axis=-1) == got.argmax(axis=-1)))


def worse(one: Difference, other: Difference) -> Difference:
    """The worst of both, measure by measure; the first problem is kept."""
    return Difference(
        one.name,
        max_abs=max(one.max_abs, other.max_abs),
        max_rel=max(one.max_rel, other.max_rel),
        rms=max(one.rms, other.rms),
        cosine=min(one.cosine, other.cosine),
        argmax=min(one.argmax, other.argmax),
        excess=max(one.excess, other.excess),
        ulps=max((ulps for ulps in (one.ulps, other.ulps) if ulps is not None), default=None),
        problem=one.problem or other.problem,
    )

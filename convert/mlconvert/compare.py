"""How far an output stands from its reference, in the measures that a report shows: part by part, in little memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mlconvert.envelope import Corner, Envelope
from mlconvert.stage import Tolerance
from mlconvert.tally import Histogram, Products, Steps

if TYPE_CHECKING:
    import numpy as np

# Elements that are held in float64 at one time.
_PART = 2**18
# Whether the right class is among so many is worth a number where there are more.
TOP = 5


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
        entry = {key: finite(value) for key, value in asdict(self).items()}
        return {**entry, "status": "passed" if self.passed else "failed"}


def finite(value: Any) -> Any:
    """The value, or None for a float that JSON does not know."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def difference(name: str, reference: np.ndarray, value: np.ndarray, tolerance: Tolerance) -> Difference:
    """Compare one output with its reference: shape, dtype, NaN and infinities first, then every element."""
    comparison = Comparison(name, tolerance)
    comparison.add(reference, value)
    return comparison.difference()


class Details:
    """What a report shows of an output over all inputs, beside the worst of each measure."""

    def __init__(self) -> None:
        self.elements = 0
        self.absolute, self.relative = Histogram(), Histogram()
        self.steps = Steps()
        self.products = Products()
        self.not_finite = {"source": 0, "artifact": 0, "apart": 0}
        self.envelopes: list[dict[str, Any]] = []
        self._movement: dict[str, Any] | None = None
        self._top = [0, 0]

    def add_movement(self, comparison: Comparison) -> None:
        """Keep how far answers to other inputs stand apart, which tells whether a tolerance is too loose."""
        moved = self._movement or {"always": False, "rms": 0.0, "corners": []}
        envelope = Envelope(moved["corners"])
        envelope.merge(comparison.corners)
        self._movement = {
            "always": moved["always"] or bool(comparison.difference().problem),
            # The largest, which allows most.
            "rms": max(moved["rms"], comparison.rms),
            "corners": envelope.as_json(),
        }

    def add_top(self, expected: np.ndarray, got: np.ndarray) -> None:
        """Count rows whose class is among the other side's first ones, in outputs [rows, classes] with more of them."""
        import numpy as np

        if expected.ndim != 2 or expected.shape[1] <= TOP or not expected.shape[0]:
            return
        rows = max(1, _PART // expected.shape[1])
        for start in range(0, len(expected), rows):
            part, other = expected[start : start + rows], got[start : start + rows]
            first = np.argpartition(other, -TOP, axis=1)[:, -TOP:]
            self._top[0] += int((first == part.argmax(axis=1)[:, None]).any(axis=1).sum())
            self._top[1] += len(part)

    def as_json(self) -> dict[str, Any]:
        """The form that a JSON document takes."""
        entry = {
            "elements": self.elements,
            "mean_abs": self.absolute.mean,
            "mean_rel": self.relative.mean,
            "abs_percentiles": {name: finite(value) for name, value in self.absolute.percentiles().items()},
            "rel_percentiles": {name: finite(value) for name, value in self.relative.percentiles().items()},
            "snr_db": self.products.snr,
            f"top{TOP}": self._top[0] / self._top[1] if self._top[1] else None,
            "abs_histogram": self.absolute.bins(),
            "ulp_histogram": self.steps.bins(),
            "not_finite": self.not_finite,
            "envelopes": self.envelopes,
            "movement": self._movement,
        }
        return {key: finite(value) for key, value in entry.items()}


class Comparison:
    """One output, compared part by part; the parts together are what the tolerance's RMS is taken over.

    `details` collects over several comparisons, where somebody will look at them.
    """

    def __init__(self, name: str, tolerance: Tolerance, details: Details | None = None) -> None:
        self.name = name
        self.problem = ""
        self._tolerance = tolerance
        self._details = details
        self._envelope = Envelope()
        self._products = Products()
        self._count = self._elements = 0
        self._not_finite = [0, 0]
        self._rows = [0, 0]
        self._wrong = 0
        self._furthest = 0.0
        self._ulps: int | None = None
        self._places = 0.0

    def add(self, reference: np.ndarray, value: np.ndarray) -> None:
        """Take in a part of the output and of what the artifact gives in its place."""
        if reference.shape != value.shape:
            self.problem = self.problem or f"shape {list(value.shape)} instead of {list(reference.shape)}"
        elif reference.dtype != value.dtype:
            self.problem = self.problem or f"dtype {value.dtype} instead of {reference.dtype}"
        elif reference.dtype.kind in "biuOSU" or "int" in reference.dtype.name:
            self._add_exact(reference, value)
        else:
            self._add_rows(reference, value)
            for expected, got in zip(_parts(reference), _parts(value), strict=True):
                self._add_floats(expected, got)

    def _add_exact(self, reference: np.ndarray, value: np.ndarray) -> None:
        import numpy as np

        wrong = int(np.count_nonzero(reference != value))
        self._elements += reference.size
        self._wrong += wrong
        if self._details is not None:
            self._details.elements += reference.size
        if wrong and reference.dtype.kind in "iu":
            furthest = float(np.abs(reference.astype(np.float64) - value.astype(np.float64)).max())
            self._furthest = max(self._furthest, furthest)

    def _add_rows(self, reference: np.ndarray, value: np.ndarray) -> None:
        if reference.ndim == 0 or reference.size == 0 or reference.dtype.kind == "c":
            return
        same = reference.argmax(axis=-1) == value.argmax(axis=-1)
        self._rows[0] += int(same.sum())
        self._rows[1] += same.size
        if self._details is not None:
            self._details.add_top(reference, value)

    def _add_floats(self, reference: np.ndarray, value: np.ndarray) -> None:
        """A part of one dimension."""
        import numpy as np

        wide = np.complex128 if reference.dtype.kind == "c" else np.float64
        expected, got = reference.astype(wide), value.astype(wide)
        finite = self._finite(expected, got)
        self._elements += expected.size
        if not finite.all():
            reference, value, expected, got = reference[finite], value[finite], expected[finite], got[finite]
        self._count += expected.size
        size = np.abs(expected)
        with np.errstate(over="ignore"):
            # What is beyond float64 is as bad as the largest that is not.
            apart = np.minimum(np.abs(got - expected), np.finfo(np.float64).max)
        self._envelope.add(size, apart)
        self._products.add(expected, got)
        ulps = self._add_ulps(reference, value, apart)
        if self._details is not None:
            self._add_details(size, apart, ulps, expected, got)

    def _finite(self, expected: np.ndarray, got: np.ndarray) -> np.ndarray:
        """Where both are finite. What is not finite must be the same on both sides."""
        import numpy as np

        finite: np.ndarray = np.isfinite(expected) & np.isfinite(got)
        if not finite.all():
            nan = np.isnan(expected) != np.isnan(got)
            infinite = ~finite & ~nan & (expected != got) & ~np.isnan(expected)
            counts = [int(wrong.sum()) for wrong in (nan, infinite)]
            self._not_finite = [total + count for total, count in zip(self._not_finite, counts, strict=True)]
            if self._details is not None:
                held = (~np.isfinite(expected), ~np.isfinite(got), nan | infinite)
                for side, where in zip(self._details.not_finite, held, strict=True):
                    self._details.not_finite[side] += int(where.sum())
        return finite

    def _add_ulps(self, reference: np.ndarray, value: np.ndarray, apart: np.ndarray) -> np.ndarray | None:
        """The floats between the two, element by element, where the tolerance or a report asks for them."""
        import numpy as np

        tolerance = self._tolerance
        exact = self.name in tolerance.exact
        counts = tolerance.ulps is not None or exact
        if reference.dtype.kind != "f" or not (counts or self._details is not None):
            return None
        ulps = _ulps(reference, value)
        if counts:
            self._ulps = max(self._ulps or 0, int(ulps.max(initial=0)))
            allowed = 0 if exact else tolerance.ulps or 0
            excess = np.where(ulps == 0, 0.0, ulps / allowed if allowed else math.inf)
            if tolerance.atol and not exact:
                excess = np.minimum(excess, apart / tolerance.atol)
            self._places = max(self._places, float(excess.max(initial=0.0)))
        return ulps

    def _add_details(
        self, size: np.ndarray, apart: np.ndarray, ulps: np.ndarray | None, expected: np.ndarray, got: np.ndarray
    ) -> None:
        import numpy as np

        assert self._details is not None
        self._details.elements += size.size
        self._details.absolute.add(apart)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            self._details.relative.add(np.where(apart == 0, 0.0, apart / size))
        self._details.products.add(expected, got)
        if ulps is not None:
            self._details.steps.add(ulps)

    def difference(self) -> Difference:
        """Of all parts so far."""
        problem = self.problem or self._mismatch()
        if problem:
            worst = max(self._envelope.largest, self._furthest)
            return Difference(self.name, max_abs=worst, excess=math.inf, problem=problem)
        rms = self.rms
        tolerance = self._tolerance
        atol = tolerance.rms * rms if tolerance.atol is None else tolerance.atol
        excess = self._places if self._ulps is not None else self._envelope.excess(tolerance.rtol, atol)
        return Difference(
            self.name,
            max_abs=self._envelope.largest,
            max_rel=self._envelope.excess(1.0, 0.0),
            rms=rms,
            cosine=self._products.cosine,
            argmax=self._rows[0] / self._rows[1] if self._rows[1] else 1.0,
            excess=excess,
            ulps=self._ulps,
        )

    def _mismatch(self) -> str:
        if self._wrong:
            return f"{self._wrong} of {self._elements} elements differ"
        for what, wrong in zip(("NaN", "infinity"), self._not_finite, strict=True):
            if wrong:
                return f"{wrong} of {self._elements} elements are {what} on one side alone"
        return ""

    @property
    def rms(self) -> float:
        """The root mean square of the reference, so far."""
        return self._products.rms(self._count)

    @property
    def corners(self) -> list[Corner]:
        """Those of the envelope, so far."""
        return self._envelope.corners

    def close(self, probe: int) -> Difference:
        """The difference; what later judges need of this probe, by its number, is kept in the details."""
        if self._details is not None and self._count:
            corners = self._envelope.as_json()
            self._details.envelopes.append({"probe": probe, "rms": self.rms, "corners": corners})
        return self.difference()


def _parts(array: np.ndarray) -> Iterator[np.ndarray]:
    flat = array.reshape(-1)
    for start in range(0, flat.size, _PART):
        yield flat[start : start + _PART]


def _ulps(expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    """How many floats of their type lie between the two, one between the zeros: uint64."""
    import numpy as np

    kind = np.dtype(f"i{expected.dtype.itemsize}")
    places = []
    for array in (expected, got):
        bits = array.view(kind)
        # Floats are ordered by sign and magnitude, not as integers are; -0.0 comes right before 0.0.
        places.append((bits ^ ((bits >> (8 * kind.itemsize - 1)) & np.iinfo(kind).max)).astype(np.int64))
    apart: np.ndarray = np.maximum(*places).view(np.uint64) - np.minimum(*places).view(np.uint64)
    return apart


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

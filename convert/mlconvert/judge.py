"""The judge of a comparison: it collects how far answers stand apart, over all inputs, and comes to a verdict.

A comparison that could not have failed, because the output is the same for other inputs too, is `insensitive` and
proves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlconvert.compare import Comparison, Details, Difference, worse
from mlconvert.errors import ConversionError
from mlconvert.probes import Probe
from mlconvert.stage import Tolerance

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray]

PASSED, FAILED, UNPROVEN, INSENSITIVE = "passed", "failed", "unproven", "insensitive"


@dataclass(frozen=True)
class _Answer:
    """What the source gave for some inputs."""

    probe: Probe
    outputs: Arrays


class Judge:
    """Collects differences over the probes and comes to a verdict. Holds two answers at most.

    A probe may come in parts, whose differences are judged together. With `detailed` the outputs' distributions are
    collected too. `bad` are the inputs on which the artifact is furthest from its source, once it has failed.
    """

    def __init__(self, tolerance: Tolerance, *, detailed: bool = False) -> None:
        self.tolerance = tolerance
        self.outputs: dict[str, Difference] = {}
        self.probes: list[dict[str, Any]] = []
        self.facts: dict[str, str] = {}
        self.reason = ""
        self.bad: Probe | None = None
        self.detailed = detailed
        self._details: dict[str, Details] = {}
        self._open: dict[str, Comparison] = {}
        self._furthest = 0.0
        self._worst: Probe | None = None
        self._last: _Answer | None = None
        self._moved: set[str] = set()
        self._compared_twice = False

    @property
    def failed(self) -> bool:
        """Whether something is beyond the tolerance."""
        return self.bad is not None

    @property
    def pending(self) -> bool:
        """Whether a probe has begun whose parts are still to be judged."""
        return bool(self._open)

    def refused(self, probe: Probe, error: ConversionError) -> None:
        """The artifact did not run on inputs that its source takes."""
        self._fail(probe, f"at {sizes(probe)} the artifact does not run: {error.message}")
        self._open = {}
        self._note(probe, FAILED, refused=True)

    def _fail(self, probe: Probe, reason: str) -> None:
        """The first failure is the one that is told."""
        if self.bad is None:
            self.bad, self.reason = probe, reason

    def add(self, probe: Probe, expected: Arrays, got: Arrays, *, more: bool = False) -> None:
        """Compare the answers to one probe; with `more` to a part of it, and `settle` follows the last one."""
        for name, value in expected.items():
            comparison = self._open.get(name)
            if comparison is None:
                details = self._details.setdefault(name, Details()) if self.detailed else None
                comparison = self._open[name] = Comparison(name, self.tolerance, details)
            if name in got:
                comparison.add(value, got[name])
            else:
                comparison.problem = "the artifact does not give this output"
        self._watch_sensitivity(_Answer(probe, expected), by_rows=more)
        if not more:
            self.settle(probe)
        else:
            self._keep_worst(probe)

    def _keep_worst(self, probe: Probe) -> None:
        """The part on which the artifact is furthest off is the one to look at; a problem ends the probe."""
        found = [comparison.difference() for comparison in self._open.values()]
        furthest = max((one.excess for one in found), default=0.0)
        if self._worst is None or furthest > self._furthest:
            self._furthest, self._worst = furthest, probe
        if any(one.problem for one in found):
            self.settle(probe)

    def settle(self, probe: Probe) -> None:
        """Judge all parts of a probe."""
        found = [comparison.close(len(self.probes)) for comparison in self._open.values()]
        for one in found:
            self.outputs[one.name] = worse(self.outputs[one.name], one) if one.name in self.outputs else one
        wrong = [one for one in found if not one.passed]
        if wrong:
            self._fail(self._worst or probe, f"at {sizes(probe)}: {describe(wrong[0])}")
        if found:
            self._note(probe, FAILED if wrong else PASSED)
        self._open, self._worst, self._furthest = {}, None, 0.0

    def _note(self, probe: Probe, status: str, **more: bool) -> None:
        self.probes.append({"label": probe.label, "sizes": dict(probe.sizes), "status": status, **more})
        self.facts |= probe.facts

    @property
    def still(self) -> list[str]:
        """The outputs that have not moved, where the source has answered twice at equal sizes."""
        return [name for name in self.outputs if name not in self._moved] if self._compared_twice else []

    def _watch_sensitivity(self, answer: _Answer, *, by_rows: bool) -> None:
        """An output moved when, at equal sizes, the answer to other inputs would have failed in its place."""
        for other in (self._last, _rolled(answer) if by_rows else None):
            if other is not None and _alike(other.probe, answer.probe):
                self._compared_twice = True
                for name, value in answer.outputs.items():
                    if name not in self._moved and name in other.outputs:
                        self._watch_output(name, value, other.outputs[name])
        self._last = answer

    def _watch_output(self, name: str, value: np.ndarray, other: np.ndarray) -> None:
        comparison = Comparison(name, self.tolerance)
        comparison.add(value, other)
        if not comparison.difference().passed:
            self._moved.add(name)
        if self.detailed:
            self._details.setdefault(name, Details()).add_movement(comparison)

    def entry(self) -> dict[str, Any]:
        """The verdict, in the manifest's form; with `details` of each output where they were collected."""
        still = self.still
        outputs = [
            {
                **one.as_json(),
                **({"status": INSENSITIVE} if one.passed and name in still else {}),
                **({"details": self._details[name].as_json()} if self.detailed else {}),
            }
            for name, one in self.outputs.items()
        ]
        status, reason = (FAILED, self.reason) if self.failed else (PASSED, "")
        if not self.failed and still:
            status, reason = UNPROVEN, insensitive(still)
        return {"status": status, "reason": reason, "outputs": outputs, "probes": self.probes, "facts": self.facts}


def insensitive(outputs: list[str]) -> str:
    """Why outputs that passed prove nothing."""
    return f"insensitive: {', '.join(outputs)} would have passed with the answer to other inputs"


def _alike(one: Probe, other: Probe) -> bool:
    """Whether two probes have the sizes of each other, and not the values."""
    import numpy as np

    if one.sizes != other.sizes or one.inputs.keys() != other.inputs.keys():
        return False
    pairs = [(value, other.inputs[name]) for name, value in one.inputs.items()]
    if any(a.shape != b.shape for a, b in pairs):
        return False
    return any(not np.array_equal(a, b, equal_nan=a.dtype.kind in "fc") for a, b in pairs)


def _rolled(answer: _Answer) -> _Answer | None:
    """The answer to the same rows, each moved up by one; None where inputs and outputs are not rows."""
    import numpy as np

    arrays = [*answer.probe.inputs.values(), *answer.outputs.values()]
    if len({array.shape[0] if array.ndim else None for array in arrays}) != 1 or not arrays[0].ndim:
        return None
    inputs, outputs = (
        {name: np.roll(array, 1, axis=0) for name, array in side.items()}
        for side in (answer.probe.inputs, answer.outputs)
    )
    return _Answer(Probe(answer.probe.label, answer.probe.sizes, inputs), outputs)


def sizes(probe: Probe) -> str:
    """Where a probe lies, in words."""
    shown = ", ".join(f"{name}={size}" for name, size in probe.sizes.items())
    return f"{probe.label} ({shown})" if shown else probe.label


def describe(one: Difference) -> str:
    """One difference in words."""
    if one.problem:
        return f"output {one.name}: {one.problem}"
    share = f"{one.excess:.3g} times what is allowed" if one.excess < math.inf else "and nothing is allowed"
    places = "" if one.ulps is None else f"{one.ulps} ULPs, "
    return f"output {one.name} is off by {one.max_abs:.3g} (RMS {one.rms:.3g}), {places}{share}"

"""Parity: the source and the artifact answer the same inputs, and their answers are held against a tolerance.

Runs in a worker: the runners load frameworks. The source is the oracle. A comparison that could not have failed,
because the output is the same for other inputs too, is `insensitive` and proves nothing.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from mlconvert import hooks, registry
from mlconvert.artifact import Artifact
from mlconvert.compare import Difference, difference, worse
from mlconvert.errors import ConversionError, UsageError
from mlconvert.format import Format
from mlconvert.hops import Hops
from mlconvert.probes import Probe
from mlconvert.runner import DeviceAbsentError, Runner
from mlconvert.stage import Context, Stage, Suspect, Tolerance
from mlconvert.text import for_terminal
from mlconvert.worker import emit

if TYPE_CHECKING:
    import numpy as np

# Whoever has a `localise`.
Finder = Union[Stage, Format, Hops]
PASSED, FAILED, UNPROVEN = "passed", "failed", "unproven"
_MORE_DRAWS = 8


def check(
    source: Artifact,
    artifact: Artifact,
    *,
    stage: str | None = None,
    reader: str | None = None,
    context: Mapping[str, Any],
    rtol: float | None = None,
    atol: float | None = None,
    made_here: bool = False,
) -> dict[str, Any]:
    """Hold an artifact against its source and return the entry of the manifest's `parity.checks`.

    `stage` is the reference of the edge that made it, which declares the tolerance and localises what is wrong. Where
    they stand several hops apart, `reader` is that of the edge which took the source in; each of two is looked at.
    `made_here` says that the running route has just made the artifact, which then needs no word of trust.
    """
    ctx = Context(**context, emit=emit)
    edge: Stage | None = hooks.load(stage) if stage else None
    first: Stage | None = hooks.load(reader) if reader else edge
    source = first.oracle(source, artifact) if first else source
    tolerance, chosen = _tolerance(edge, source, artifact, rtol, atol)
    entry: dict[str, Any] = {
        "stage": edge.name if edge and edge is first else None,
        "status": UNPROVEN,
        "reason": "",
        "tolerance": {**tolerance.as_json(), "from": chosen},
    }
    try:
        with _runner(source, ctx.trust) as oracle, _runner(artifact, ctx.trust or made_here) as subject:
            judge = Judge(tolerance)
            own = edge if edge is first else None
            drawn = _Drawn(own, artifact, replace(source, signature=artifact.signature))
            for probe in _probes(drawn, ctx):
                emit("progress", {"text": f"parity at {_sizes(probe)}", "done": None})
                _compare(oracle, subject, probe, judge)
                if judge.failed:
                    break
            for probe in _more(drawn, ctx, judge):
                _compare(oracle, subject, probe, judge)
    except DeviceAbsentError as error:
        return {**entry, "reason": error.message, "fix": error.fix, "outputs": [], "probes": []}
    entry.update(judge.entry())
    finder = _finder(first, edge, source, artifact)
    if judge.bad is not None and finder is not None:
        entry["first_bad"] = _localise(finder, source, artifact, judge.bad, replace(ctx, tolerance=tolerance))
    return entry


def _finder(first: Stage | None, edge: Stage | None, source: Artifact, artifact: Artifact) -> Finder | None:
    """Who can say where they part: the stage between them, two that join them, or the format of both."""
    if first is not None and edge is not None:
        return edge if first is edge else Hops((first, edge)) if first.target == edge.source else None
    return _format(source) if source.format == artifact.format else None


def check_tolerances(**given: float | None) -> None:
    """Raise UsageError for a tolerance that is no bound."""
    for name, value in given.items():
        if value is not None and not 0 <= value < math.inf:
            raise UsageError(f"--{name} takes a number from 0 up, not {value}", code="bad-option", where=name)


def _tolerance(
    edge: Stage | None, source: Artifact, artifact: Artifact, rtol: float | None, atol: float | None
) -> tuple[Tolerance, str]:
    declared = edge.tolerance(source, artifact) if edge else Tolerance()
    if rtol is None and atol is None:
        return declared, "declared"
    given = {name: value for name, value in (("rtol", rtol), ("atol", atol)) if value is not None}
    return replace(declared, ulps=None, exact=(), **given), "user"


def _runner(artifact: Artifact, trust: bool) -> Runner:
    try:
        kind = registry.load(registry.RUNNERS, artifact.format)
    except KeyError:
        raise DeviceAbsentError(f"there is no runner for {artifact.format}") from None
    runner: Runner = kind(artifact, trust=trust)
    return runner


@dataclass(frozen=True)
class _Drawn:
    """Inputs from the first that can say what tells the two apart: the edge, the artifact's format, the source's."""

    edge: Stage | None
    artifact: Artifact
    source: Artifact

    def probes(self, seed: int) -> Iterator[Probe]:
        probes = None if self.edge is None else self.edge.probes(self.source, self.artifact, seed)
        for one in (self.artifact, self.source):
            if probes is not None:
                return probes
            probes = _format(one).probes(one, seed)
        return _format(self.source).draws(self.source, seed) if probes is None else probes


def _format(artifact: Artifact) -> Format:
    found: Format = registry.load(registry.FORMATS, artifact.format)
    return found


def _probes(drawn: _Drawn, ctx: Context) -> Iterator[Probe]:
    """The user's data where it is given."""
    return drawn.probes(ctx.seed) if ctx.data is None else iter(read_data(ctx.data, drawn.artifact))


def read_data(path: Path, artifact: Artifact) -> list[Probe]:
    """Inputs from an `.npz` file that holds one array per input, by name. Raises ConversionError."""
    import numpy as np

    try:
        with zipfile.ZipFile(path) as archive:
            stored = [entry.removesuffix(".npy") for entry in archive.namelist() if entry.endswith(".npy")]
        with np.load(path, allow_pickle=False) as loaded:
            arrays = {name: loaded[name] for name in stored}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ConversionError(
            f"{for_terminal(path.name)} cannot be read as npz: {error}",
            code="bad-data",
            where=path.name,
            fix="write it with numpy.savez",
        ) from error
    missing = [tensor.name for tensor in artifact.signature.inputs if tensor.name not in arrays]
    if missing:
        raise ConversionError(
            f"{for_terminal(path.name)} has no array for the input {missing[0]!r}; "
            f"it has: {', '.join(arrays) or 'none'}",
            code="bad-data",
            where=missing[0],
            fix="name the arrays as the model names its inputs",
        )
    return [Probe(path.name, {}, {tensor.name: arrays[tensor.name] for tensor in artifact.signature.inputs})]


def _sizes(probe: Probe) -> str:
    shown = ", ".join(f"{name}={size}" for name, size in probe.sizes.items())
    return f"{probe.label} ({shown})" if shown else probe.label


def _compare(oracle: Runner, subject: Runner, probe: Probe, judge: Judge) -> None:
    try:
        expected = _promised(oracle.run(probe.inputs), subject)
    except ConversionError as error:
        raise ConversionError(
            f"the source model itself fails at {_sizes(probe)}: {error.message}",
            code="source-fails",
            where=error.where,
            fix="give the sizes it can take with --dim, and the values with --input 'name:dtype[…]=low..high'",
        ) from error
    try:
        got = subject.run(probe.inputs)
    except ConversionError as error:
        judge.refused(probe, error)
    else:
        judge.add(probe, expected, got)


def _promised(answers: dict[str, np.ndarray], subject: Runner) -> dict[str, np.ndarray]:
    """What of the source's answers the artifact owes: of a tabular model those that its format has."""
    signature = subject.signature
    if not signature.columns:
        return answers
    names = {tensor.name for tensor in signature.outputs}
    return {name: value for name, value in answers.items() if name in names} or answers


def _more(drawn: _Drawn, ctx: Context, judge: Judge) -> Iterator[Probe]:
    """More draws while an output has not moved: two draws of a label are often the same."""
    for seed in range(ctx.seed + 1, ctx.seed + 1 + _MORE_DRAWS):
        if judge.failed or not judge.still or ctx.data is not None:
            return
        yield replace(next(drawn.probes(seed)), label=f"drawn with seed {seed}")


class Judge:
    """Collects differences over the probes and comes to a verdict. Holds two answers at most."""

    def __init__(self, tolerance: Tolerance) -> None:
        self.tolerance = tolerance
        self.outputs: dict[str, Difference] = {}
        self.probes: list[dict[str, Any]] = []
        self.facts: dict[str, str] = {}
        self.reason = ""
        self.bad: Probe | None = None
        self._last: tuple[Mapping[str, int], Mapping[str, np.ndarray], Mapping[str, np.ndarray]] | None = None
        self._moved: set[str] = set()
        self._compared_twice = False

    @property
    def failed(self) -> bool:
        """Whether something is beyond the tolerance."""
        return self.bad is not None

    def refused(self, probe: Probe, error: ConversionError) -> None:
        """The artifact did not run on inputs that its source takes."""
        self.bad = probe
        self.reason = f"at {_sizes(probe)} the artifact does not run: {error.message}"
        self._note(probe, FAILED)

    def add(self, probe: Probe, expected: Mapping[str, np.ndarray], got: Mapping[str, np.ndarray]) -> None:
        """Compare the answers to one probe."""
        found = [
            difference(name, value, got[name], self.tolerance)
            if name in got
            else Difference(name, problem="the artifact does not give this output")
            for name, value in expected.items()
        ]
        for one in found:
            self.outputs[one.name] = worse(self.outputs[one.name], one) if one.name in self.outputs else one
        wrong = [one for one in found if not one.passed]
        if wrong:
            self.bad = probe
            self.reason = f"at {_sizes(probe)}: {describe(wrong[0])}"
        self._note(probe, FAILED if wrong else PASSED)
        self._watch_sensitivity(probe, expected)

    def _note(self, probe: Probe, status: str) -> None:
        self.probes.append({"label": probe.label, "sizes": dict(probe.sizes), "status": status})
        self.facts |= probe.facts

    @property
    def still(self) -> list[str]:
        """The outputs that have not moved, where the source has answered twice at equal sizes."""
        return [name for name in self.outputs if name not in self._moved] if self._compared_twice else []

    def _watch_sensitivity(self, probe: Probe, expected: Mapping[str, np.ndarray]) -> None:
        """An output moved when, at equal sizes, the answer to other inputs would have failed in its place."""
        if self._last is not None and self._last[0] == probe.sizes and _differ(self._last[1], probe.inputs):
            self._compared_twice = True
            for name, value in expected.items():
                if name in self._last[2] and not difference(name, value, self._last[2][name], self.tolerance).passed:
                    self._moved.add(name)
        self._last = (probe.sizes, probe.inputs, expected)

    def entry(self) -> dict[str, Any]:
        """The verdict, in the manifest's form."""
        still = self.still
        outputs = [
            {**one.as_json(), **({"status": "insensitive"} if one.passed and name in still else {})}
            for name, one in self.outputs.items()
        ]
        status, reason = (FAILED, self.reason) if self.failed else (PASSED, "")
        if not self.failed and still:
            status = UNPROVEN
            reason = f"insensitive: {', '.join(still)} would have passed with the answer to other inputs"
        return {"status": status, "reason": reason, "outputs": outputs, "probes": self.probes, "facts": self.facts}


def _differ(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> bool:
    import numpy as np

    return any(not np.array_equal(value, other[name]) for name, value in one.items() if name in other)


def describe(one: Difference) -> str:
    """One difference in words."""
    if one.problem:
        return f"output {one.name}: {one.problem}"
    share = f"{one.excess:.3g} times what is allowed" if one.excess < math.inf else "and nothing is allowed"
    places = "" if one.ulps is None else f"{one.ulps} ULPs, "
    return f"output {one.name} is off by {one.max_abs:.3g} (RMS {one.rms:.3g}), {places}{share}"


def _localise(finder: Finder, source: Artifact, artifact: Artifact, bad: Probe, ctx: Context) -> dict[str, Any] | None:
    """Where it went wrong; a search that fails must not hide the failed parity."""
    emit("progress", {"text": "looking for the first bad node", "done": None})
    try:
        suspect: Suspect | None = finder.localise(source, artifact, bad.inputs, ctx)
    except Exception as error:  # noqa: BLE001  # whatever the search stumbled over is said, and parity stays failed
        return {"node": "", "op": "", "note": f"the search for the first bad node failed: {error}"}
    if suspect is None:
        return None
    return {key: value for key, value in vars(suspect).items() if key != "max_abs" or math.isfinite(value)}


def status_of(checks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The manifest's `parity`: a route is passed when every hop is."""
    done = list(checks)
    for status in (FAILED, UNPROVEN):
        guilty = [entry for entry in done if entry["status"] == status]
        if guilty:
            reason = "; ".join(f"{entry['stage'] or 'compared'}: {entry['reason']}" for entry in guilty)
            return {"status": status, "reason": reason, "checks": done}
    if not done:
        return {"status": UNPROVEN, "reason": "not validated (--no-validate)", "checks": []}
    return {"status": PASSED, "reason": "", "checks": done}

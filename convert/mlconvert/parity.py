"""Parity: the source and the artifact answer the same inputs, and their answers are held against a tolerance.

Runs in a worker: the runners load frameworks. The source is the oracle; the judge comes to the verdict.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Union

from mlconvert import hooks, registry
from mlconvert.accuracy import Counter, judged
from mlconvert.artifact import Artifact
from mlconvert.datasets import open_data
from mlconvert.errors import ConversionError, UsageError
from mlconvert.format import Format
from mlconvert.hops import Hops
from mlconvert.judge import FAILED, PASSED, UNPROVEN, Judge, sizes
from mlconvert.probes import BUDGET, Probe
from mlconvert.runner import DeviceAbsentError, Runner
from mlconvert.signature import Signature, evaluate
from mlconvert.stage import Context, Stage, Suspect, Tolerance
from mlconvert.worker import emit

if TYPE_CHECKING:
    import numpy as np

# Whoever has a `localise`.
Finder = Union[Stage, Format, Hops]
_MORE_DRAWS = 8
# Rows of the user's data that are answered at one time, where neither the model nor their size says fewer.
_ROWS = 4096


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
    labels: str | None = None,
    detailed: bool = False,
) -> dict[str, Any]:
    """Hold an artifact against its source and return the entry of the manifest's `parity.checks`.

    `stage` is the reference of the edge that made it, which declares the tolerance and localises what is wrong. Where
    they stand several hops apart, `reader` is that of the edge which took the source in; each of two is looked at.
    `made_here` says that the running route has just made the artifact, which then needs no word of trust. With
    `detailed` all inputs are tried, also after a failure, and each output has its `details`; `labels` are those of the
    context's data, for `accuracy`.
    """
    ctx = Context(**context, emit=emit)
    edge: Stage | None = hooks.load(stage) if stage else None
    first: Stage | None = hooks.load(reader) if reader else edge
    source = first.oracle(source, artifact) if first else source
    tolerance, chosen = _tolerance(edge, source, artifact, rtol, atol)
    own = edge if edge is first else None
    entry: dict[str, Any] = {
        "stage": own.name if own else None,
        "status": UNPROVEN,
        "reason": "",
        "tolerance": {**tolerance.as_json(), "from": chosen},
    }
    if edge is not None and own is None:
        entry["tolerance"]["by"] = edge.name
    judge = Judge(tolerance, detailed=detailed)
    try:
        with _runner(source, ctx.trust) as oracle, _runner(artifact, ctx.trust or made_here) as subject:
            sides = _Sides(oracle, subject, judge)
            if ctx.data is None:
                sides.answer_drawn(_Drawn(own, artifact, replace(source, signature=artifact.signature)), ctx)
            else:
                entry |= sides.answer_data(artifact.signature, labels, ctx)
    except DeviceAbsentError as error:
        return {**entry, "reason": error.message, "fix": error.fix, "outputs": [], "probes": []}
    entry |= judge.entry()
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

    def more(self, ctx: Context, judge: Judge) -> Iterator[Probe]:
        """More draws while an output has not moved: two draws of a label are often the same."""
        for seed in range(ctx.seed + 1, ctx.seed + 1 + _MORE_DRAWS):
            if judge.failed or not judge.still:
                return
            yield replace(next(self.probes(seed)), label=f"drawn with seed {seed}")


def _format(artifact: Artifact) -> Format:
    found: Format = registry.load(registry.FORMATS, artifact.format)
    return found


@dataclass(frozen=True)
class _Sides:
    """The source and the artifact, open, and who judges them."""

    oracle: Runner
    subject: Runner
    judge: Judge

    def answer_drawn(self, drawn: _Drawn, ctx: Context) -> None:
        """All that is drawn; a check that is not detailed ends at the first failure."""
        for probe in drawn.probes(ctx.seed):
            ctx.progress(f"parity at {sizes(probe)}")
            self._compare(probe)
            if self.judge.failed and not self.judge.detailed:
                break
        for probe in drawn.more(ctx, self.judge):
            self._compare(probe)

    def answer_data(self, signature: Signature, labels: str | None, ctx: Context) -> dict[str, Any]:
        """The user's data, batch by batch, as one probe; what there is to say of it and of the accuracy."""
        assert ctx.data is not None
        data = open_data(str(ctx.data), signature, rows=_rows(signature), labels=labels, trust=ctx.trust)
        accuracy = Counter(judged(signature)) if labels else None
        answered = 0
        probe = None
        for number, batch in enumerate(data):
            ctx.progress(f"parity on {data.name}, batch {number + 1}", answered / data.rows if data.rows else None)
            answered += len(batch)
            probe = Probe(data.name, {}, batch.inputs, data.facts)
            answers = self._compare(probe, more=True)
            if answers is None or not self.judge.pending:
                break
            if accuracy is not None and batch.labels is not None:
                accuracy.add(batch.labels, *answers)
        if probe is not None and self.judge.pending:
            self.judge.settle(probe)
        found = {"data": {"from": data.name, "rows": data.rows}}
        return {**found, "accuracy": accuracy.as_json()} if accuracy is not None else found

    def _compare(self, probe: Probe, *, more: bool = False) -> tuple[dict[str, np.ndarray], ...] | None:
        """Both answers, once they are judged; None where the artifact does not run."""
        try:
            expected = _promised(self.oracle.run(probe.inputs), self.subject)
        except ConversionError as error:
            raise ConversionError(
                f"the source model itself fails at {sizes(probe)}: {error.message}",
                code="source-fails",
                where=error.where,
                fix="give the sizes it can take with --dim, and the values with --input 'name:dtype[…]=low..high'",
            ) from error
        try:
            got = self.subject.run(probe.inputs)
        except ConversionError as error:
            self.judge.refused(probe, error)
            return None
        self.judge.add(probe, expected, got, more=more)
        return expected, got


def _rows(signature: Signature) -> int:
    """How many rows of the user's data to answer at one time: inputs and outputs fit the budget, as far as is known."""
    sizes = dict.fromkeys(signature.names(), 1)
    shapes = ([evaluate(dim, sizes) for dim in tensor.shape] for tensor in (*signature.inputs, *signature.outputs))
    row = sum(8 * math.prod(size or 1 for size in shape) for shape in shapes)
    return max(1, min(_ROWS, BUDGET // max(row, 1)))


def _promised(answers: dict[str, np.ndarray], subject: Runner) -> dict[str, np.ndarray]:
    """What of the source's answers the artifact owes: of a tabular model those that its format has."""
    signature = subject.signature
    if not signature.columns:
        return answers
    names = {tensor.name for tensor in signature.outputs}
    return {name: value for name, value in answers.items() if name in names} or answers


def _localise(finder: Finder, source: Artifact, artifact: Artifact, bad: Probe, ctx: Context) -> dict[str, Any] | None:
    """Where it went wrong; a search that fails must not hide the failed parity."""
    ctx.progress("looking for the first bad node")
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

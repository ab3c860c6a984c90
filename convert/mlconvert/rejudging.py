"""Judging a saved validation again, at other tolerances: its envelopes stand for all elements, so nothing is run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlconvert.compare import Difference, finite
from mlconvert.envelope import Envelope
from mlconvert.judge import FAILED, INSENSITIVE, PASSED, UNPROVEN, describe, insensitive, sizes
from mlconvert.parity import check_tolerances
from mlconvert.probes import Probe
from mlconvert.stage import Tolerance
from mlconvert.validation import verdict


def rejudged(document: Mapping[str, Any], *, atol: float | None = None, rtol: float | None = None) -> dict[str, Any]:
    """The document with the verdicts that these tolerances lead to; as it is where none is given.

    What does not depend on tolerances stays: outputs of other shapes or types, NaN on one side, integers that differ,
    inputs that the artifact refused. Raises UsageError for tolerances that are none.
    """
    check_tolerances(atol=atol, rtol=rtol)
    given = {name: value for name, value in (("rtol", rtol), ("atol", atol)) if value is not None}
    if not given:
        return dict(document)
    artifacts = [{**entry, "check": _check(entry["check"], given)} for entry in document["artifacts"]]
    status, reason = verdict(artifacts)
    return {**document, "status": status, "reason": reason, "artifacts": artifacts}


def _check(check: Mapping[str, Any], given: Mapping[str, float]) -> dict[str, Any]:
    if not check["outputs"]:
        return dict(check)  # nothing was compared
    declared = {name: value for name, value in check["tolerance"].items() if name in ("rtol", "rms", "atol")}
    if "ulps" in check["tolerance"]:
        declared = {}
    tolerance = Tolerance(**{**declared, **given})
    failures: dict[int, str] = {}
    outputs = [_output(output, tolerance, check["probes"], failures) for output in check["outputs"]]
    problem = any(output["problem"] for output in outputs)
    probes = [_probe(probe, number in failures, problem) for number, probe in enumerate(check["probes"])]
    failed = any(probe["status"] == FAILED for probe in probes) or any(one["status"] == FAILED for one in outputs)
    still = [one["name"] for one in outputs if one["status"] == INSENSITIVE]
    status, reason = PASSED, ""
    if failed:
        status, reason = FAILED, failures[min(failures)] if failures else check["reason"]
    elif still:
        status, reason = UNPROVEN, insensitive(still)
    entry = {**check, "status": status, "reason": reason, "outputs": outputs, "probes": probes}
    if status != FAILED:
        entry.pop("first_bad", None)
    return {**entry, "tolerance": {**tolerance.as_json(), "from": "user"}}


def _probe(probe: Mapping[str, Any], failed: bool, problem: bool) -> dict[str, Any]:
    """One that failed by what is beyond tolerances has failed still."""
    stays = probe.get("refused") or (problem and probe["status"] == FAILED)
    return {**probe, "status": FAILED if failed or stays else PASSED}


def _output(
    output: Mapping[str, Any], tolerance: Tolerance, probes: list[Mapping[str, Any]], failures: dict[int, str]
) -> dict[str, Any]:
    """The output's entry; where a probe fails by it, `failures` says why."""
    if output["problem"]:
        return dict(output)
    worst = 0.0
    for envelope in output["details"]["envelopes"]:
        found = Envelope(envelope["corners"])
        excess = found.excess(tolerance.rtol, _atol(tolerance, envelope["rms"]))
        worst = max(worst, excess)
        if excess > 1:
            one = Difference(output["name"], max_abs=found.largest, rms=envelope["rms"], excess=excess)
            probe = probes[envelope["probe"]]
            where = sizes(Probe(probe["label"], probe["sizes"], {}))
            failures.setdefault(envelope["probe"], f"at {where}: {describe(one)}")
    status = FAILED if worst > 1 else INSENSITIVE if _still(output["details"]["movement"], tolerance) else PASSED
    return {**output, "status": status, "excess": finite(worst), "ulps": None}


def _still(movement: Mapping[str, Any] | None, tolerance: Tolerance) -> bool:
    """Whether answers to other inputs would have passed."""
    if movement is None or movement["always"]:
        return False
    return Envelope(movement["corners"]).excess(tolerance.rtol, _atol(tolerance, movement["rms"])) <= 1


def _atol(tolerance: Tolerance, rms: float) -> float:
    return tolerance.rms * rms if tolerance.atol is None else tolerance.atol

"""A report as JUnit XML, which CI servers read: a testcase for every output, or for every gate.

What it may hold is that of Jenkins' schema (xunit-plugin, junit-10.xsd), which GitLab reads too.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from typing import Any

from mlconvert.reports import benchmark, units, validation
from mlconvert.text import for_terminal

Entry = Mapping[str, Any]


def as_xml(document: Entry) -> str:
    """The XML of a document of either kind."""
    suites = _validation(document) if document["kind"] == "validation" else _benchmark(document)
    root = ET.Element("testsuites", name=f"mlconvert {document['kind']}")
    root.extend(suites)
    for suite in suites:
        _count(suite)
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in suites)))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False).join(
        ['<?xml version="1.0" encoding="UTF-8"?>\n', "\n"]
    )


def _validation(document: Entry) -> list[ET.Element]:
    return [_artifact(document, artifact) for artifact in document["artifacts"]]


def _artifact(document: Entry, artifact: Entry) -> ET.Element:
    check, label = artifact["check"], artifact["label"]
    suite = _suite(document, label, [("format", validation.kind(artifact)), ("sha256", artifact.get("sha256") or "")])
    for output in check["outputs"]:
        case = _case(suite, label, output["name"])
        if output["status"] == "failed":
            share = (
                f"largest error {units.error(output['max_abs'])}, {units.excess(output['excess'])} of what is allowed"
            )
            _child(case, "failure", output.get("problem") or share)
        elif output["status"] == "insensitive":
            _child(case, "skipped", "insensitive: it would have passed with the answer to other inputs")
    # What is wrong may be no output's: it did not run, or runs nowhere here.
    told = {"failed": "failure", "insensitive": "skipped"}
    if check["status"] != "passed" and not any(output["status"] in told for output in check["outputs"]):
        _child(_case(suite, label, "parity"), "failure" if check["status"] == "failed" else "skipped", check["reason"])
    elif not check["outputs"]:
        _case(suite, label, "parity")
    return suite


def _benchmark(document: Entry) -> list[ET.Element]:
    parity, gates = _suite(document, "parity", ()), _suite(document, "gates", ())
    for subject in document["subjects"]:
        if subject["parity"] is None:
            continue
        case = _case(parity, "parity", subject["label"])
        if subject["parity"]["status"] == "failed":
            _child(case, "failure", benchmark.why_not(subject))
        elif not subject["timed"]:
            _child(case, "skipped", benchmark.why_not(subject))
    for gate in document["gates"]:
        place = [f"{key} {gate[key]}" for key in ("batch", "threads", "clients") if gate.get(key) is not None]
        case = _case(gates, gate["subject"], ", ".join([gate["expression"], *place]))
        if gate["failed"]:
            measured, bound = (benchmark.amount(gate, gate.get(key)) for key in ("value", "bound"))
            _child(case, "failure", f"{gate['expression']}: measured {measured}, bound {bound}")
    return [parity, gates]


def _suite(document: Entry, name: str, more: Iterable[tuple[str, str]]) -> ET.Element:
    suite = ET.Element("testsuite", name=for_terminal(name))
    about = [("mlconvert", document["mlconvert"]), ("command", document["command"]), *more]
    properties = ET.SubElement(suite, "properties")
    for key, value in [*about, *sorted(document["versions"].items())]:
        ET.SubElement(properties, "property", name=for_terminal(key), value=for_terminal(value))
    return suite


def _case(suite: ET.Element, group: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=for_terminal(group), name=for_terminal(name))


def _child(case: ET.Element, tag: str, message: str) -> None:
    ET.SubElement(case, tag, message=for_terminal(message))


def _count(suite: ET.Element) -> None:
    for key, tag in (
        ("tests", "testcase"),
        ("failures", ".//failure"),
        ("errors", ".//error"),
        ("skipped", ".//skipped"),
    ):
        suite.set(key, str(len(suite.findall(tag))))

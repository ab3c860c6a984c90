"""JUnit XML: what CI servers count in it, and that nothing stands in it that their schema has not."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from evidence_documents import DOCUMENTS
from mlconvert.reports.junit import as_xml

# Of Jenkins' junit-10.xsd: the attributes of each element, and what may stand in it.
ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname"},
    "failure": {"message"},
    "skipped": {"message"},
}
WITHIN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "skipped"},
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_is_what_ci_reads(name: str) -> None:
    root = ET.fromstring(as_xml(DOCUMENTS[name]).encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.keys()) == ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= WITHIN.get(element.tag, set())
    for suite in root:
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
        assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped"))
    assert int(root.attrib["tests"]) == sum(int(suite.attrib["tests"]) for suite in root) > 0


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_fails_where_the_document_does(name: str) -> None:
    root = ET.fromstring(as_xml(DOCUMENTS[name]))
    assert (int(root.attrib["failures"]) > 0) is (DOCUMENTS[name]["status"] == "failed")


def cases(document: dict[str, Any]) -> dict[tuple[str, str], str]:
    root = ET.fromstring(as_xml(document))
    return {
        (case.attrib["classname"], case.attrib["name"]): "".join(f"{c.tag}: {c.attrib['message']}" for c in case)
        for case in root.iter("testcase")
    }


def test_a_case_for_every_output() -> None:
    found = cases(DOCUMENTS["failed"])
    assert found["broken", "logits"] == "failure: largest error 0.213, 968× of what is allowed"
    assert found["savedmodel", "logits"] == ""
    assert found["engine.plan", "parity"] == "skipped: no NVIDIA GPU is here that CUDA can use"
    assert found["half.onnx", "mask"].startswith("skipped: insensitive")
    apart = cases(DOCUMENTS["incomparable"])
    assert apart["other.onnx", "logits"] == "failure: 16 of 8000 elements are NaN on one side alone"


def test_an_artifact_that_did_not_run_fails() -> None:
    document = DOCUMENTS["networks"]
    check = {**document["artifacts"][0]["check"], "status": "failed", "reason": "it does not run", "outputs": []}
    broken = {**document, "artifacts": [{**document["artifacts"][0], "check": check}]}
    assert cases(broken) == {("savedmodel", "parity"): "failure: it does not run"}


def test_a_case_for_every_gate_and_artifact() -> None:
    found = cases(DOCUMENTS["bench-failed"])
    assert found["savedmodel", "p99 > 1.05 * base, batch 8, threads 1, clients 1"] == (
        "failure: p99 > 1.05 * base: measured 29.0 ms, bound 25.2 ms"
    )
    assert found["savedmodel", "size > 100MiB"] == ""
    assert found["parity", "model.onnx"] == ""
    assert found["parity", "broken.onnx"].startswith("failure: it failed parity: at opt (batch=8)")
    assert found["parity", "engine.plan"].startswith("skipped: no NVIDIA GPU")


def test_versions_are_properties() -> None:
    suite = ET.fromstring(as_xml(DOCUMENTS["networks"]))[0]
    found = {one.attrib["name"]: one.attrib["value"] for one in suite.iter("property")}
    assert found["onnxruntime"] == "1.23.2"
    assert found["command"].startswith("mlconvert validate")

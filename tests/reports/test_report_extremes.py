"""Numbers as far as JSON can hold them: every report is written, and every chart has numbers that JSON can hold."""

from __future__ import annotations

import copy
import json
import xml.etree.ElementTree as ET
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_report_charts import charts_of

from evidence_documents import DOCUMENTS
from mlconvert.reports import junit, markdown, text
from mlconvert.reports.composing import report

SIZES = st.floats(0, allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(5e-324, allow_infinity=False)
BINS = st.lists(st.tuples(st.integers(-1074, 1022), st.integers(1, 10**12)), max_size=4, unique_by=lambda one: one[0])


def written(document: dict[str, Any]) -> None:
    told = report(document)
    for chart in charts_of(told.blocks):
        json.dumps(chart.spec, allow_nan=False)
    ET.fromstring(junit.as_xml(document))
    assert text.as_text(told)
    assert markdown.as_markdown(told)


@settings(max_examples=30)
@example(1e-16, 1.7e308, None, [(-55, 1)], 0)
@example(5e-324, 5e-324, 5e-324, [(-1074, 1), (1022, 1)], 5)
@given(SIZES, SIZES, st.none() | SIZES, BINS, st.integers(0, 10**9))
def test_a_validation(error: float, excess: float, atol: float | None, bins: list[tuple[int, int]], same: int) -> None:
    document = copy.deepcopy(DOCUMENTS["failed"])
    check = document["artifacts"][1]["check"]
    check["tolerance"] = {**check["tolerance"], "atol": atol}
    output = check["outputs"][0]
    output |= {"max_abs": error, "max_rel": None, "rms": error, "cosine": None, "argmax": 0.0, "excess": excess}
    found = [[2.0**power, 2.0 ** (power + 1), count] for power, count in sorted(bins)]
    output["details"] |= {"abs_histogram": [[0, 0, same], *found], "snr_db": None, "mean_abs": None}
    written(document)


@settings(max_examples=30)
@example([1e-9, 1e-9], 1.0, 1.0)
@example([0.0], 5e-300, 1e300)
@given(st.lists(SIZES, max_size=5), POSITIVE, POSITIVE)
def test_a_benchmark(samples: list[float], low: float, high: float) -> None:
    document = copy.deepcopy(DOCUMENTS["bench-failed"])
    found = document["cells"][1]
    found |= {"samples": samples, "p50": max(samples, default=None), "p99": None, "throughput": None}
    found["ratio"] = {"median": low, "low": low, "high": max(low, high), "verdict": "undecided"}
    document["gates"][0] |= {"value": None, "low": low, "high": high}
    document["noise"] = []
    written(document)

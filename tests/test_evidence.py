"""The objects that a notebook gets."""

from __future__ import annotations

import copy
import re
import sys
from pathlib import Path

import pytest

from evidence_documents import DOCUMENTS
from mlconvert.errors import ConversionError
from mlconvert.evidence import Benchmark, Validation
from mlconvert.reports import charts

VALIDATION, BENCHMARK = Validation(DOCUMENTS["failed"]), Benchmark(DOCUMENTS["bench"])


def test_they_say_what_came_out() -> None:
    assert (VALIDATION.status, BENCHMARK.status) == ("failed", "passed")
    assert VALIDATION.reason.startswith("broken: at max")
    assert repr(VALIDATION).startswith("Validation: 4 artifacts against model.onnx\n✗ failed: ")
    assert repr(BENCHMARK).startswith("Benchmark: 2 artifacts against model.pt2\n✓ passed")


def test_a_validation_as_a_table() -> None:
    table = VALIDATION.to_pandas()
    assert list(table["artifact"]) == ["broken", "broken", "savedmodel", "savedmodel", "half.onnx", "half.onnx"]
    row = table.set_index(["artifact", "output"]).loc["broken", "logits"]
    assert row["status"] == "failed"
    assert row["max_abs"] == 0.213
    assert row["elements"] == 8000
    assert row["abs_p99"] < row["max_abs"]


def test_a_benchmark_as_a_table() -> None:
    table = BENCHMARK.to_pandas().set_index(["subject", "batch"])
    assert len(table) == 9
    assert table.loc[("model.onnx", 8), "verdict"] == "faster"
    assert table.loc[("model.onnx", 8), "low"] < table.loc[("model.onnx", 8), "ratio"] < 1
    assert table["p50"].notna().all()
    assert table.loc["model.pt2", "ratio"].isna().all()


def test_without_pandas_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ConversionError) as caught:
        BENCHMARK.to_pandas()
    assert caught.value.fix == "pip install pandas"


def test_they_come_back_from_their_file(tmp_path: Path) -> None:
    assert Validation.load(VALIDATION.save(tmp_path / "v.json")) == VALIDATION
    assert Benchmark.load(BENCHMARK.save(tmp_path / "b.json")) == BENCHMARK
    assert Benchmark.from_json(copy.deepcopy(dict(BENCHMARK.document))) == BENCHMARK
    with pytest.raises(ConversionError, match=r"v.json is no benchmark of mlconvert: it is a validation"):
        Benchmark.load(tmp_path / "v.json")
    with pytest.raises(ConversionError, match="the document is no validation"):
        Validation.from_json({})


def test_a_notebook_shows_tables_and_charts() -> None:
    pytest.importorskip("vl_convert")
    shown = VALIDATION._repr_html_()
    assert shown.count("<table>") > 5
    assert shown.count("<svg role=") > 5
    assert not re.search("<(script|html|body|main)", shown)


def test_a_notebook_without_the_library_for_charts_shows_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "find_spec", lambda name: None)
    for evidence in (VALIDATION, BENCHMARK):
        shown = evidence._repr_html_()
        assert "<table>" in shown
        assert "<svg" not in shown
        assert "How it scales" not in shown

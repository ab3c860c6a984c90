from __future__ import annotations

import io
import re

import pytest

from evidence_documents import DOCUMENTS
from mlconvert.reports.composing import report
from mlconvert.reports.text import as_text, show
from test_text import ACTED_ON


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_fits(name: str, width: int) -> None:
    lines = as_text(report(DOCUMENTS[name]), width=width).splitlines()
    assert max(map(len, lines)) <= width
    assert not any(line.endswith(" ") for line in lines)


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if "hostile" in name])
@pytest.mark.parametrize("colour", [False, True])
def test_a_terminal_acts_on_none_of_its_names(name: str, colour: bool) -> None:
    text = as_text(report(DOCUMENTS[name]), colour=colour)
    assert not ACTED_ON.search(re.sub(r"\x1b\[[\d;]*m", "", text) if colour else text)
    assert ("\x1b[" in text) is colour
    assert "[bold red]" in text.replace("\n", "")


def test_a_validation() -> None:
    lines = as_text(report(DOCUMENTS["failed"])).splitlines()
    assert lines[0] == "Validation: 4 artifacts against model.onnx"
    assert lines[1].startswith("✗ failed: broken: at max (batch=32): output logits is off by 0.213")
    assert "broken       ✗ failed    tf      44.9 MiB          0.213          968×" in lines
    assert "torch → onnx (by torch2onnx) → tf (by onnx2tf)" in lines
    assert "node        /encoder/layer.3/LayerNorm" in lines
    assert "tolerance  1e-4 of each value + 1e-4 of the output's RMS; declared by onnx2tf" in lines
    assert any(line.startswith("mask    ? insensitive") for line in lines)


def test_a_benchmark() -> None:
    lines = as_text(report(DOCUMENTS["bench-failed"])).splitlines()
    assert lines[1] == "✗ failed: broken.onnx failed parity; savedmodel: p99 > 1.05 * base at batch 8"
    assert re.fullmatch(r"model.onnx ↓ faster: 0\.\d{3} to 0\.\d{3} times the source's time", lines[2])
    assert any(re.fullmatch(r"model.onnx +8 .* ms .*/s +0\.\d{3}× .*↓ faster", line) for line in lines)
    assert any(re.match(r"p99 > 1.05 \* base  savedmodel  batch 8  ✗ failed", line) for line in lines)
    assert "engine.plan was not timed: no NVIDIA GPU is here that CUDA can use" in lines


def test_what_cannot_be_compared_is_said_in_full() -> None:
    words = as_text(report(DOCUMENTS["incomparable"])).split()
    assert words.count("failed") == 4
    said = "".join(as_text(report(DOCUMENTS["incomparable"]), width=200).split())
    assert "shape[8,3]insteadof[8,4]" in said


def test_the_worst_of_many_outputs_are_shown() -> None:
    text = as_text(report(DOCUMENTS["many"]))
    assert text.count("✓ passed") == 1 + 1 + 1 + 12
    assert "hidden_57" in text
    assert "logits" not in text


def test_a_stream_that_knows_no_signs_gets_the_numbers() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    show(DOCUMENTS["failed"], stream)
    assert b"? failed: broken: at max (batch=32)" in raw.getvalue()
    assert b"\x1b" not in raw.getvalue()


def test_a_terminal_gets_colours_unless_it_is_asked_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for asked, coloured in (("", True), ("1", False)):
        monkeypatch.delenv("NO_COLOR", raising=False)
        if asked:
            monkeypatch.setenv("NO_COLOR", asked)
        show(DOCUMENTS["failed"], terminal := Terminal())
        assert ("\x1b[31m" in terminal.getvalue()) is coloured

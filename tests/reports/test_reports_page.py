"""docs/reports.md tells the truth: its Python runs, its flags exist, its suffixes are those that are written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from architecture import REPOSITORY
from documents import blocks
from evidence_documents import DOCUMENTS
from mlconvert.cli.bench import bench
from mlconvert.cli.validate import validate
from mlconvert.evidence import Validation
from mlconvert.reports import saving
from mlconvert.reports.outline import Verdict

PAGE = REPOSITORY / "docs" / "reports.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_its_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Validation(DOCUMENTS["failed"]).save("parity.json")
    (example,) = [block for block in blocks(PAGE) if block.language == "python"]
    exec(example.text, {})
    assert capsys.readouterr().out.startswith("failed broken logits 96")


def test_its_commands_are_understood() -> None:
    words = {"validate": validate, "bench": bench}
    commands = re.findall(r"^[ -]*mlconvert (validate|bench) (.*)$", TEXT, re.M)
    assert len(commands) == 4
    for verb, rest in commands:
        context = words[verb].make_context(verb, shlex.split(rest))
        assert context.params["source"] == Path("model.pt2")


def test_it_names_every_suffix_and_every_verdict() -> None:
    assert re.findall(r"^\| `(\.\w+)` \|", TEXT, re.M) == [".html", ".md", ".xml", ".json", ".txt"]
    assert set(saving.WRITERS) == {".html", ".md", ".xml", ".json", ".txt"}
    for word in ("passed", "failed", "unproven", "insensitive", "faster", "slower", "equivalent", "undecided"):
        assert str(Verdict(word)) in TEXT

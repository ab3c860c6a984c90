from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from evidence_documents import DOCUMENTS
from mlconvert.errors import ConversionError, UsageError
from mlconvert.reports import charts, junit, saving

KNOWN = "reports are written as .html, .md, .json, .xml, .txt"
STARTS = {".md": "## Benchmark", ".json": "{", ".xml": "<?xml", ".txt": "Benchmark: ", ".html": "<!doctype html>"}


@pytest.mark.parametrize("suffix", saving.WRITERS)
def test_the_suffix_says_what_is_written(tmp_path: Path, suffix: str) -> None:
    if suffix == ".html":
        pytest.importorskip("vl_convert")
    target = saving.save(DOCUMENTS["bench-one"], tmp_path / f"Report{suffix.upper()}")
    assert target.read_text(encoding="utf-8").startswith(STARTS[suffix])
    assert list(tmp_path.iterdir()) == [target]
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~_umask()


def _umask() -> int:
    os.umask(mask := os.umask(0))
    return mask


def test_json_is_the_document_in_ascii(tmp_path: Path) -> None:
    target = saving.save(DOCUMENTS["hostile"], tmp_path / "r.json")
    target.read_bytes().decode("ascii")
    assert json.loads(target.read_text()) == DOCUMENTS["hostile"]


@pytest.mark.parametrize(
    ("name", "message", "kind"),
    [
        ("r.htm", f"r.htm has '.htm'; {KNOWN}; did you mean '.html'?", UsageError),
        ("report", f"report has no suffix; {KNOWN}", UsageError),
        ("folder.md", "the report folder.md is a folder", ConversionError),
        ("nowhere/r.md", "the report r.md cannot be written: there is no folder ", ConversionError),
    ],
)
def test_a_target_is_refused_before_any_work(tmp_path: Path, name: str, message: str, kind: type[Exception]) -> None:
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(kind) as caught:
        saving.check_targets([tmp_path / "fine.md", tmp_path / name])
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write anywhere, so the answer of the system is given here.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(ConversionError, match="is read-only"):
        saving.check_targets([tmp_path / "r.md"])


def test_no_report_replaces_a_model(tmp_path: Path) -> None:
    model = tmp_path / "model.json"
    model.write_text("{}")
    (tmp_path / "same.json").symlink_to(model)
    with pytest.raises(ConversionError, match="is one of the models"):
        saving.check_targets([tmp_path / "same.json"], keep=[model])


def test_html_needs_the_charts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "find_spec", lambda name: None)
    with pytest.raises(ConversionError, match="need vl-convert-python"):
        saving.check_targets([tmp_path / "r.html"])


def test_what_stood_there_stays_until_the_new_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "r.xml"
    target.write_text("old")

    def full(self: Path, other: Path) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(ConversionError, match=r"the report r.xml cannot be written: No space left on device"):
            saving.save(DOCUMENTS["bench"], target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
    saving.save(DOCUMENTS["bench"], target)
    assert target.read_text() == junit.as_xml(DOCUMENTS["bench"])

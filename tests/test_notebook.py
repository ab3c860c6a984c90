"""The example notebook: it runs from top to bottom, and shows tables; so does what is committed of it."""

from __future__ import annotations

import re
import tempfile
import warnings
from typing import Any

import nbformat
import pytest

from architecture import REPOSITORY

NOTEBOOK = REPOSITORY / "docs" / "examples" / "evidence.ipynb"


def shown(notebook: Any) -> list[str]:
    """The HTML that its cells show."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if output.output_type == "error"] == []
    return ["".join(one.data["text/html"]) for one in outputs if "text/html" in one.get("data", {})]


def check(notebook: Any) -> None:
    pages = shown(notebook)
    assert len(pages) >= 4
    assert all("<table" in page for page in pages)
    evidence = [page for page in pages if "<svg" in page]
    assert len(evidence) == 2, "the validation and the benchmark draw charts"
    assert "✓</span> passed" in evidence[0]
    text = "".join(one.get("text", "") for cell in notebook.cells for one in cell.get("outputs", []))
    assert re.search(r"^✗ failed: other\.txt: ", text, re.M)


def test_what_is_committed_was_executed() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    check(notebook)
    for place in (tempfile.gettempdir(), "/home/", REPOSITORY):
        assert str(place) not in NOTEBOOK.read_text(encoding="utf-8")


def test_it_runs() -> None:
    client = pytest.importorskip("nbclient")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        # What is measured here is held against nothing: the shortest measuring will do.
        cell.source = cell.source.replace("seconds=0.5, processes=3", "seconds=0.05, processes=2")
    with warnings.catch_warnings():
        # Jupyter's own, of its protocol and its loops.
        warnings.simplefilter("ignore")
        client.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    check(notebook)

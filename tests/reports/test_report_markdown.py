"""Markdown as a parser of GitHub's flavour reads it."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from evidence_documents import DOCUMENTS, HOSTILE
from mlconvert.reports.composing import report
from mlconvert.reports.markdown import as_markdown
from mlconvert.text import for_markdown, for_terminal

GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_table_is_one(name: str) -> None:
    text = as_markdown(report(DOCUMENTS[name]))
    drawn = GITHUB.render(text)
    assert drawn.count("<table>") == len(re.findall(r"^\| -", text, re.M)) > 1
    for table in re.findall("<table>.*?</table>", drawn, re.S):
        rows = re.findall("<tr>.*?</tr>", table, re.S)
        assert len({len(re.findall("<t[hd]", row)) for row in rows}) == 1
    assert "| |" not in text.replace("|  |", "")
    assert drawn.count("<details>") == drawn.count("</details>") >= 1


@pytest.mark.parametrize("name", ["hostile", "bench-hostile"])
def test_no_name_is_more_than_text(name: str) -> None:
    drawn = GITHUB.render(as_markdown(report(DOCUMENTS[name])))
    assert not re.search(r"<(script|a|img|em|del|!--)\b", drawn)
    outside = re.sub("<code>.*?</code>", "", drawn, flags=re.S)
    assert "@somebody" not in outside
    assert "www.example.com" not in outside


@example("`")
@example("a`b|c")
@example("&#x3c;script>")
@example(" ")
@example("\\")
@given(st.text())
def test_a_name_is_read_back_as_it_is(text: str) -> None:
    import html

    shown = for_markdown(text)
    assert "\n" not in shown
    for page in (shown, f"| a |\n| - |\n| {shown} |"):
        drawn = GITHUB.render(page)
        codes = re.findall("<code>(.*?)</code>", drawn)
        wanted = for_terminal(text).strip()
        assert [html.unescape(code) for code in codes] == ([wanted] if wanted else [])
        assert "<a" not in drawn


def test_it_says_the_verdict_first() -> None:
    lines = as_markdown(report(DOCUMENTS["failed"])).splitlines()
    assert lines[0] == "## Validation: 4 artifacts against `model.onnx`"
    assert lines[2].startswith("**✗ failed**: `broken: at max (batch=32): output logits is off by 0.213")
    assert "| `broken` | **✗ failed** | `tf` | 44.9 MiB | 0.213 | 968× |" in lines
    assert len(HOSTILE) == 6

"""Names out of a model are somebody else's text, wherever they are shown."""

from __future__ import annotations

import html
import re
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconvert import api, cli, frame
from mlconvert.errors import ConversionError
from mlconvert.reports.summary import as_html, as_text
from mlconvert.request import Request
from mlconvert.text import for_html, for_mermaid, for_shell, for_terminal, suggestion
from mlconvert.worker import Worker
from mlconvert_toys import line
from mlconvert_toys.line import Line

HOSTILE = {
    "escape": "x\x1b[2J\x1b]0;owned\x07",
    "c1": "x\x9b31m",
    "newline": "x\ny\r",
    "bidi": "x\u202etxt.exe\u2066\u200f\u061c",
    "invisible": "x\u200b\ufeff\u00ad\U000e0041",
    "html": "<script>alert('x')</script>\"&",
    "mermaid": 'x"]; click a "javascript:alert(1)" %%{init}%%',
    "markup": "[bold red]x[/bold red] :boom:",
    "shell": "$(touch owned); `id` 'x'",
}
# What a terminal acts on, or what it hides: control characters, directions, and characters of no width.
ACTED_ON = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)


@given(st.text())
def test_a_terminal_gets_one_line_that_it_only_shows(text: str) -> None:
    shown = for_terminal(text)
    assert not ACTED_ON.search(shown)
    assert "\n" not in shown
    shown.encode()


@pytest.mark.parametrize("name", HOSTILE)
def test_what_was_hidden_is_visible(name: str) -> None:
    text = HOSTILE[name]
    assert ACTED_ON.search(text) is None or "\\" in for_terminal(text)
    if name in ("html", "mermaid", "markup", "shell"):
        assert for_terminal(text) == text


def test_long_text_is_cut() -> None:
    assert for_terminal("a" * 3000) == "a" * 2000 + "…"
    assert for_terminal("abc", 3) == "abc"
    assert for_terminal("\x1b" * 5, 4) == "\\x1b…"


@given(st.text())
def test_html_is_character_data(text: str) -> None:
    shown = for_html(text)
    assert not re.search("[<>\"']", shown)
    assert html.unescape(shown) == for_terminal(text)


@given(st.text())
def test_a_mermaid_label_cannot_end_itself(text: str) -> None:
    assert not re.search(r'["<>{}\[\]`%;\\]', re.sub(r"#\d+;", "", for_mermaid(text)))


@given(st.text())
def test_a_shell_gets_one_word(text: str) -> None:
    assert shlex.split(for_shell(text)) == [for_terminal(text)]


def test_suggestions() -> None:
    assert suggestion("onxn", ["onnx", "torch"]) == "; did you mean 'onnx'?"
    assert suggestion("zzz", ["onnx", "torch"]) == ""


# --- every sink -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, worker: Worker) -> frame.Result:
    """A model whose tensors have such a name, wrong in its first weight, so that all is said of it that can be."""
    name = "".join(HOSTILE.values())
    source = line.alpha(tmp_path_factory.mktemp("hostile") / "m.alpha", Line(input=name, output=name))
    options = {"alpha2beta": {"mischief": "wrong"}}
    return frame.run(Request(source, "beta", options=options, cache=False), worker=worker)


def test_the_summary_for_a_terminal(hostile: frame.Result) -> None:
    assert not ACTED_ON.search(as_text(hostile.manifest))


def test_the_summary_for_a_notebook(hostile: frame.Result) -> None:
    shown = hostile._repr_html_()
    assert shown == as_html(hostile.manifest)
    tags = set(re.findall(r"</?(\w+)[^<>]*>", shown))
    assert tags == {"table", "caption", "b", "span", "tbody", "tr", "th", "td"}
    assert not ACTED_ON.search(shown)


def test_the_manifest_is_ascii(hostile: frame.Result) -> None:
    page = hostile.artifact.path.with_name(hostile.artifact.path.name + ".mlconvert.json")
    page.read_bytes().decode("ascii")


def test_what_inspect_shows(hostile: frame.Result, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli._run(["inspect", str(hostile.artifact.path)]) == 0
    assert not ACTED_ON.search(capsys.readouterr().out)


def test_an_error_that_names_a_tensor(hostile: frame.Result, capsys: pytest.CaptureFixture[str]) -> None:
    source = hostile.artifact.path.with_name("m.alpha")
    assert cli._run(["alpha2beta", str(source), "--input", "other:float32[1,3]"]) == 1
    shown = capsys.readouterr()
    assert "no input 'other'" in shown.err
    assert not ACTED_ON.search(shown.out + shown.err)


def test_a_failed_parity(hostile: frame.Result, capsys: pytest.CaptureFixture[str]) -> None:
    source = hostile.artifact.path.with_name("m.alpha")
    assert cli._run(["validate", str(source), str(hostile.artifact.path), "-v"]) == 3
    shown = capsys.readouterr()
    assert not ACTED_ON.search(shown.out + shown.err)


@pytest.mark.parametrize("name", ["\x1b[31mred.alpha", "a\u202eb.alpha", "two\nlines.alpha"])
def test_the_name_of_a_file(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    source = line.alpha(tmp_path / name)
    assert cli._run(["alpha2beta", str(source), "--no-validate"]) == 0
    assert cli._run(["alpha2beta", str(source)]) == 1, "it exists"
    assert cli._run(["alpha2gamma", str(tmp_path / f"missing {name}")]) == 1
    shown = capsys.readouterr()
    assert not ACTED_ON.search(shown.out + shown.err)


def test_the_message_of_an_exception(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        api.convert(tmp_path / "\x1b.alpha", "beta")
    assert not ACTED_ON.search(caught.value.message)

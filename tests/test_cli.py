"""mlconvert at the command line: words, verbs, errors and help."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mlconvert import cli, edges
from mlconvert_toys import line
from mlconvert_toys.line import Line


class Shell:
    """The command line in this process, in a folder of its own with a source in it."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.capture = capture
        self.source = line.alpha(folder / "m.alpha")

    def run(self, *words: object) -> tuple[int, str, str]:
        self.capture.readouterr()
        code = cli._run([str(word) for word in words])
        shown = self.capture.readouterr()
        return code, shown.out, shown.err

    def json(self, *words: object, code: int = 0) -> Any:
        """The one JSON document on stdout; nothing else is said there, and nothing on stderr."""
        found, out, err = self.run(*words, "--json")
        assert (found, err) == (code, "")
        return json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


# --- what is shown --------------------------------------------------------------------------------------


def test_a_conversion(shell: Shell) -> None:
    code, out, err = shell.run("alpha2gamma", "m.alpha", "--dim", "batch=1:2:3")
    assert code == 0
    assert err == "alpha → beta → gamma\n"
    assert re.search(r"^parity +beta2gamma: passed", out, re.M)
    assert out.splitlines()[-1].split() == ["written", "m.gamma"]
    assert shell.names() == ["m.alpha", "m.gamma", "m.gamma.mlconvert.json"]


def test_quiet_and_verbose(shell: Shell) -> None:
    assert shell.run("alpha2beta", "m.alpha", "-q") == (0, "m.beta\n", "")
    code, out, err = shell.run("alpha2gamma", "m.alpha", "-v", "--no-cache")
    assert code == 0
    assert "parity of alpha2beta: passed" in err
    assert "looking for what cannot be done" in err
    assert "looking" not in out


def test_a_json_document(shell: Shell) -> None:
    entry = shell.json("alpha2beta", "m.alpha")
    assert entry == json.loads((shell.folder / "m.beta.mlconvert.json").read_text())
    assert entry["parity"]["status"] == "passed"


def test_the_same_with_the_format_detected(shell: Shell) -> None:
    for _ in range(2):
        entry = shell.json("convert", "m.alpha", "--to", "gamma", "--force", "--beta2gamma.ratio", "0.25")
        assert entry["route"][1]["options"]["ratio"] == 0.25
    assert shell.run("convert", "m.alpha", "--to", "beta", "--ratio", "1")[0] == 2, (
        "the flags of another route are gone"
    )


# --- exit codes and errors ------------------------------------------------------------------------------

ERRORS = [
    (["alpha2beta", "missing"], 1, "no-such-file", "there is no file missing"),
    (["alpha2beta", "m.alpha", "--mischief", "fail"], 1, "too-heavy", "the weight is too heavy"),
    (["alpha2beta", "m.alpha", "--mischief", "refuse"], 1, "odd-weight", "2 things stand in the way"),
    (["alpha2beta", "m.alpha", "--mischief", "abort"], 1, "worker-died", "signal SIGABRT"),
    (["alpha2beta", "m.alpha", "--mischief", "disk-full"], 1, "disk-full", "No space left on device"),
    (["alpha2beta", "m.alpha", "--data", "missing.npz"], 1, "no-such-file", "there is no file missing.npz"),
    (["alpha2beta", "m.alpha", "-o", "x" * 300], 1, "bad-name", "File name too long"),
    (["inspect", "missing"], 1, "no-such-file", "there is no file missing"),
    (["validate", "m.alpha", "missing"], 1, "no-such-file", "there is no file missing"),
    (["alpha2beta", "m.alpha", "--levle", "1"], 2, "usage", "--level"),
    (["alpha2beta", "m.alpha", "--level", "x"], 2, "bad-option", "--level: invalid literal"),
    (["alpha2beta", "m.alpha", "--notation", "hax"], 2, "bad-option", "did you mean 'hex'?"),
    (["alpha2beta", "m.alpha", "--input", "x"], 2, "bad-input", "'x' is no input"),
    (["alpha2beta", "m.alpha", "--dim", "x"], 2, "bad-dim", "'x' is no dim"),
    (["alpha2beta", "m.alpha", "--atol", "x"], 2, "usage", "not a valid float"),
    (["alpha2beta", "m.alpha", "--atol", "nan"], 2, "bad-option", "--atol takes a number from 0 up, not nan"),
    (["alpha2beta", "m.alpha", "--rtol", "inf"], 2, "bad-option", "--rtol takes a number from 0 up, not inf"),
    (["validate", "m.alpha", "m.alpha", "--atol", "-1"], 2, "bad-option", "--atol takes a number from 0 up, not -1.0"),
    (["alpha2beta", "m.alpha", "--via", "gama"], 2, "no-route", "did you mean 'gamma'?"),
    (["alpha2beta", "m.alpha", "--pass", "tidi"], 2, "unknown-pass", "did you mean 'tidy'?"),
    (["alpha2beta", "m.alpha", "--pass", "tidy:x=1"], 2, "unknown-option", "beta2beta.tidy has no option 'x'"),
    (["alpha2omega", "m.alpha", "--level", "1"], 2, "ambiguous-route", "two routes are equally good"),
    (["alpha2gamma", "m.alpha", "--level", "1"], 2, "usage", "--alpha2beta.level or --beta2gamma.level"),
    (["alpha2beto", "m.alpha"], 2, "usage", "did you mean 'alpha2beta'?"),
    (["convrt", "m.alpha"], 2, "usage", "did you mean 'convert'?"),
    (["convert", "m.alpha", "--to", "gama"], 2, "unknown-format", "did you mean 'gamma'?"),
    (["convert", "m.alpha"], 2, "usage", "--to"),
    (["alpha2beta"], 2, "usage", "source"),
    (["alpha2beta", "m.alpha", "--mischief", "defect"], 4, "internal", "ValueError: nobody expected this"),
    (["alpha2beta", "m.alpha", "--mischief", "nothing"], 4, "internal", "alpha2beta has written nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code", "name", "message"), ERRORS, ids=[" ".join(row[0])[:40] for row in ERRORS])
def test_an_error(shell: Shell, words: list[str], code: int, name: str, message: str) -> None:
    """One clear message and the right exit code, in both forms; nothing on stdout, nothing left behind."""
    found, out, err = shell.run(*words)
    assert (found, out) == (code, "")
    assert message.lower() in err.lower()
    assert ("Traceback" in err) is (name == "internal")
    assert len(err.splitlines()) <= 8 or name == "internal"
    error = shell.json(*words, code=code)["error"]
    assert set(error) >= {"code", "where", "message", "fix"}
    assert error["code"] == name
    assert message.lower() in error["message"].lower()
    assert shell.names() == ["m.alpha"]


def test_all_refusals_and_their_fixes_are_shown(shell: Shell) -> None:
    _, _, err = shell.run("alpha2gamma", "m.alpha", "--mischief", "refuse")
    assert err.splitlines()[1:] == [
        "error: 2 things stand in the way [alpha2beta]",
        "  - weight[1]: weight 1 is odd",
        "  - bias[2]: bias 2 is odd",
        "    fix: make it even, too",
        "  fix: make it even",
    ]


def test_a_later_hop_names_those_before(shell: Shell) -> None:
    _, _, err = shell.run("alpha2gamma", "m.alpha", "--modes", "loud")
    assert err.splitlines()[1:] == [
        "error: this is too loud [beta2gamma: modes]",
        "  fix: be soft",
        "  done before: alpha2beta",
    ]


def test_failed_parity(shell: Shell) -> None:
    code, out, err = shell.run("alpha2beta", "m.alpha", "--mischief", "wrong")
    assert code == 3
    assert "failed: at opt (batch=1)" in out
    assert "error: parity failed" in err
    assert "[weight[0]]" in err
    rejected = ["m.beta.rejected", "m.beta.rejected.mlconvert.json", "m.beta.rejected.reproducer"]
    assert shell.names() == ["m.alpha", *rejected]
    entry = shell.json("alpha2beta", "m.alpha", "--mischief", "nan", code=3)
    assert entry["parity"]["status"] == "failed"


def test_unproven_is_an_error_under_require_proof(shell: Shell) -> None:
    assert shell.run("alpha2beta", "m.alpha", "--mischief", "device")[0] == 0
    code, _, err = shell.run("alpha2beta", "m.alpha", "--mischief", "device", "--require-proof", "--force")
    assert code == 3
    assert "parity unproven" in err


def test_trust(shell: Shell) -> None:
    line.alpha(shell.source, Line(quirks={"code": "rm"}))
    code, _, err = shell.run("alpha2beta", "m.alpha")
    assert code == 1
    assert "--trust" in err
    assert shell.run("alpha2beta", "m.alpha", "--trust")[0] == 0


def test_a_target_that_exists(shell: Shell) -> None:
    shell.run("alpha2beta", "m.alpha")
    code, out, err = shell.run("alpha2beta", "m.alpha")
    assert (code, out) == (1, "")
    assert "exists and was kept" in err
    assert "--force" in err
    assert shell.run("alpha2beta", "m.alpha", "--force")[0] == 0


# --- flags ----------------------------------------------------------------------------------------------


def test_flags_of_every_kind(shell: Shell) -> None:
    (shell.folder / "table.csv").write_text("")
    entry = shell.json(
        "alpha2gamma", "m.alpha", "--workspace", "4GiB", "--ratio", "0.25", "--fast",
        "--table", shell.folder / "table.csv",
        "--labels", "a,b", "--labels", "c", "--sizes", "3", "--modes", "soft", "--beta2gamma.level", "7", "--seed", "3",
        "--via", "beta", "--pass", "scale:factor=1.0", "--no-cache",
    )  # fmt: skip
    options = {step["stage"]: step["options"] for step in entry["route"]}
    assert options["beta2gamma"] == {
        "level": 7, "workspace": 2**32, "ratio": 0.25, "fast": True, "table": "table.csv",
        "labels": ["a", "b", "c"], "sizes": [3], "modes": ["soft"],
    }  # fmt: skip
    assert options["alpha2beta"]["level"] == 7, "as the next stage wants it"
    assert options["beta2beta.scale"] == {"factor": 1.0}
    assert str(shell.folder) not in entry["command"]


def test_the_command_in_the_manifest_does_the_same(shell: Shell) -> None:
    words = ["alpha2gamma", "m.alpha", "-o", "my g", "--dim", "batch=1:2:3", "--input", "x:float32[batch,3]=0..0.5"]
    words += ["--labels", "a b,c", "--no-fast", "--pass", "tidy", "--alpha2beta.level", "4", "--atol", "0.5"]
    first = shell.json(*words)
    again = shell.json(*shlex.split(first["command"])[1:], "--force")
    for entry in (first, again):
        del entry["command"]
    assert again == first


@pytest.mark.parametrize("form", ["table", "mermaid", "dot", "json"])
def test_the_graph(shell: Shell, form: str) -> None:
    code, out, err = shell.run("graph", "--format", form)
    assert (code, err) == (0, "")
    assert "alpha2beta.rival" in out
    assert form != "table" or "AGPL-3.0" in out
    assert form != "json" or "alpha2omega" in json.loads(out)["words"]


def test_the_operators_of_a_stage(shell: Shell) -> None:
    code, out, _ = shell.run("graph", "--ops", "alpha2beta")
    assert code == 0
    assert [line.split() for line in out.splitlines()[1:]] == [["Add", "1,", "7", "13", "no", "axis"], ["Sub", "1"]]
    assert json.loads(shell.run("graph", "--ops", "alpha2beta", "--format", "json")[1])[1] == {
        "name": "Sub", "versions": [], "missing": [1], "note": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["alpha2beta", "--format", "dot"], "operators are no graph to draw as dot"),
        (["alpha2beat"], "there is no stage 'alpha2beat'; did you mean 'alpha2beta'?"),
        (["alpha2beta.rival"], "alpha2beta.rival does not go by operators"),
    ],
)
def test_operators_that_cannot_be_shown(shell: Shell, words: list[str], message: str) -> None:
    code, out, err = shell.run("graph", "--ops", *words)
    assert (code, out) == (2, "")
    assert message in err


def test_inspect(shell: Shell) -> None:
    shell.run("alpha2delta", "m.alpha", "--dim", "batch=1:2:3")
    code, out, _ = shell.run("inspect", "m.delta")
    assert code == 0
    for text in ("m.delta: delta", "x:float32[batch,3]", "batch = 1:2:3", "features", "mlconvert alpha2delta m.alpha"):
        assert text in out
    assert shell.json("inspect", "m.delta")["format"] == "delta"


def test_validate(shell: Shell) -> None:
    shell.run("alpha2beta", "m.alpha")
    line.beta(shell.folder / "wrong.beta", Line(weight=(7.0, -1.0, 0.5)))
    code, out, _ = shell.run("validate", "m.alpha", "m.beta")
    assert code == 0
    assert out.startswith("Validation: m.beta against m.alpha\n✓ passed")
    found = shell.json("validate", "m.alpha", "m.beta", "wrong.beta", code=3)
    assert [entry["check"]["status"] for entry in found["artifacts"]] == ["passed", "failed"]
    assert shell.run("validate", "m.alpha", "wrong.beta", "-q") == (3, "", "")
    line.beta(shell.folder / "far.beta", Line(quirks={"device": "abacus"}))
    assert shell.run("validate", "m.alpha", "far.beta")[0] == 0
    assert shell.run("validate", "m.alpha", "far.beta", "--require-proof")[0] == 3


def test_a_validation_is_kept_and_judged_again(shell: Shell) -> None:
    line.beta(shell.folder / "near.beta", Line(weight=(2.001, -1.0, 0.5)))
    code, _, err = shell.run("validate", "m.alpha", "near.beta", "--report", "p.json", "--report", "p.xml")
    assert code == 3
    assert "written  p.json" in err
    assert "<failure" in (shell.folder / "p.xml").read_text()
    assert shell.run("validate", "--from", "p.json")[0] == 3
    assert shell.json("validate", "--from", "p.json", "--atol", "0.01")["status"] == "passed"


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["m.alpha"], 2, "name a source and one artifact or more"),
        ([], 2, "name a source and one artifact or more"),
        (["--from", "no.json"], 1, "no.json cannot be read: No such file or directory"),
        (["--from", "m.alpha"], 1, "m.alpha"),
        (["m.alpha", "--from", "m.alpha"], 2, "--from runs nothing, so m.alpha has no place beside it"),
        (["--from", "m.alpha", "--data", "x.npz"], 2, "--from runs nothing, so --data has no place beside it"),
        (["m.alpha", "m.beta", "--report", "p.pdf"], 2, "reports are written as"),
        (["m.alpha", "m.beta", "--report", "no/p.md"], 1, "there is no folder no"),
        (["m.alpha", "m.beta", "--report", "m.beta"], 2, "reports are written as"),
        (["m.alpha", "m.beta", "--range", "z=0:1"], 2, "no input 'z'"),
        (["m.alpha", "m.beta", "--data", "no.csv"], 1, "there is no file no.csv"),
        (["m.alpha", "z.beta"], 1, "takes z:float32"),
    ],
)
def test_what_no_validation_can_do(shell: Shell, words: list[str], code: int, error: str) -> None:
    line.beta(shell.folder / "m.beta", Line())
    line.beta(shell.folder / "z.beta", Line(input="z"))
    found, out, err = shell.run("validate", *words)
    assert (found, out) == (code, "")
    assert error in err
    assert "Traceback" not in err


def test_the_cache(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLCONVERT_CACHE_DIR", str(shell.folder / "cache"))
    shell.run("alpha2gamma", "m.alpha")
    code, out, err = shell.run("cache", "ls")
    assert code == 0
    assert {row.split()[3] for row in out.splitlines()} == {"alpha2beta", "beta2gamma"}
    assert err.startswith("2 entries, ")
    assert {entry["stage"] for entry in shell.json("cache", "ls")} == {"alpha2beta", "beta2gamma"}
    assert shell.run("cache", "clear") == (0, "", "removed 2 entries\n")
    assert shell.json("cache", "ls") == []


# --- help -----------------------------------------------------------------------------------------------

VERBS = [["convert"], ["inspect"], ["validate"], ["bench"], ["graph"], ["cache"]]


@pytest.mark.parametrize("words", VERBS + [[word] for word in edges.words()], ids=" ".join)
def test_help_has_an_example(shell: Shell, words: Sequence[str]) -> None:
    code, out, err = shell.run(*words, "--help")
    assert (code, err) == (0, "")
    assert "Example" in out
    assert f"mlconvert {' '.join(words)} " in out.partition("Example")[2]


def test_help_lists_verbs_and_words(shell: Shell) -> None:
    for words in ([], ["--help"], ["-h"]):
        code, out, _ = shell.run(*words)
        assert code == 0
        assert "Examples:" in out
        for name in ("convert", "inspect", "validate", "graph", "cache", "alpha2omega", "beta2beta", "torch2onnx"):
            assert f"  {name} " in out
    assert shell.run("--version")[1].startswith("mlconvert, version ")


def test_help_shows_the_flags_of_the_route(shell: Shell) -> None:
    _, out, _ = shell.run("alpha2gamma", "--help")
    assert "Options of alpha2beta" in out
    assert "--workspace SIZE" in out
    assert "a size [default: 1048576]" in out
    assert "--[no-]fast" in out
    _, out, _ = shell.run("alpha2omega", "--help")
    assert "--via NAME" in out, "the way out of the tie"
    _, out, _ = shell.run("alpha2omega", "--via", "gamma", "--help")
    assert "Options of beta2gamma" in out
    _, out, _ = shell.run("convert", "m.alpha", "--to", "gamma", "--help")
    assert "Options of beta2gamma" in out


def test_a_verb_without_its_arguments_shows_what_it_needs(shell: Shell) -> None:
    for words in (["cache"], ["alpha2beta"], ["convert"], ["inspect"]):
        code, out, err = shell.run(*words)
        assert code == 2
        assert "\\x0a" not in out + err

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from distributions import distribution
from mlconvert import api, cli, registry, routes
from mlconvert.cache import code_digest
from mlconvert.errors import ConversionError
from mlconvert_toys import formats, line, stages
from mlconvert_toys.line import Line

STAGE = """
from mlconvert.stage import Stage

class Fair(Stage):
    name, source, target = "{name}", "{source}", "{target}"
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Installs distributions for one test."""

    def install(name: str, points: dict[str, dict[str, str]], **modules: str) -> None:
        folder = tmp_path / name
        monkeypatch.syspath_prepend(distribution(folder, name, points, **modules))
        registry.forget()

    yield install
    monkeypatch.undo()
    registry.forget()


def test_names_and_references_import_nothing() -> None:
    assert {"alpha", "beta", "gamma", "delta", "omega", "onnx", "torch"} <= set(registry.names(registry.FORMATS))
    assert list(registry.names(registry.STAGES)) == sorted(registry.names(registry.STAGES))
    assert registry.reference(registry.STAGES, "alpha2beta") == "mlconvert_toys.stages:Alpha2Beta"
    with pytest.raises(KeyError):
        registry.reference(registry.STAGES, "nobody2nothing")


def test_a_plugin_is_made_once() -> None:
    assert isinstance(registry.load(registry.STAGES, "alpha2beta"), stages.Alpha2Beta)
    assert registry.load(registry.FORMATS, "alpha") is registry.load(registry.FORMATS, "alpha")
    assert isinstance(registry.load(registry.RUNNERS, "alpha"), type)


BROKEN = [
    pytest.param("broken_import:Fair", "import nothing_of_this_name", "No module named", id="import"),
    pytest.param("broken_syntax:Fair", "class Fair(:", "SyntaxError", id="syntax"),
    pytest.param("broken_name:Fair", "", "no attribute 'Fair'", id="name"),
    pytest.param("broken_init:Fair", "class Fair:\n    def __init__(self): 1 / 0", "ZeroDivisionError", id="init"),
    pytest.param("broken_word:Fair", STAGE.format(name="a2b", source="a", target="b"), "calls itself 'a2b'", id="word"),
    pytest.param("what is this", "", "what is this", id="reference"),
]


@pytest.mark.parametrize(("value", "text", "reason"), BROKEN)
def test_a_broken_plugin_says_why(installed: Any, value: str, text: str, reason: str) -> None:
    installed("mlconvert-broken", {"stages": {"alpha2gamma": value}}, **{value.partition(":")[0]: text})
    with pytest.raises(ConversionError) as caught:
        registry.load(registry.STAGES, "alpha2gamma")
    assert caught.value.code == "broken-plugin"
    assert reason in caught.value.message
    good, broken = registry.all_of(registry.STAGES)
    assert [plugin.name for plugin in broken] == ["alpha2gamma"]
    assert "alpha2beta" in [stage.name for stage in good]


@pytest.mark.parametrize("group", ["formats", "stages", "passes", "runners"])
def test_the_graph_shows_a_broken_plugin(installed: Any, group: str, capsys: pytest.CaptureFixture[str]) -> None:
    name = {"stages": "alpha2gamma", "passes": "alpha2alpha.mend"}.get(group, "kappa")
    installed("mlconvert-broken", {group: {name: "kaput:Fair"}}, kaput="1 / 0")
    assert cli._run(["graph"]) == 0
    shown = capsys.readouterr().out
    assert f"{name} " in shown
    assert "broken: the plugin" in shown
    assert "ZeroDivisionError: division by zero" in shown
    (entry,) = api.graph()["broken"]
    assert entry["name"] == name


def test_a_stage_whose_format_is_broken_stays_in_the_graph(installed: Any) -> None:
    points = {"formats": {"kappa": "kaput:Kappa"}, "stages": {"kappa2beta": "fair:Fair"}}
    text = STAGE.format(name="kappa2beta", source="kappa", target="beta")
    installed("mlconvert-broken", points, kaput="1 / 0", fair=text)
    (entry,) = [stage for stage in api.graph()["stages"] if stage["name"] == "kappa2beta"]
    assert not entry["available"]
    assert "ZeroDivisionError" in entry["reason"]


def test_a_stage_of_an_unknown_format_stays_in_the_graph(installed: Any) -> None:
    text = STAGE.format(name="kappa2beta", source="kappa", target="beta")
    installed("mlconvert-lonely", {"stages": {"kappa2beta": "lonely:Fair"}}, lonely=text)
    (entry,) = [stage for stage in api.graph()["stages"] if stage["name"] == "kappa2beta"]
    assert "there is no format 'kappa'" in entry["reason"]


def test_a_broken_stage_elsewhere_stands_in_nobodys_way(installed: Any, tmp_path: Path) -> None:
    points = {
        "stages": {"alpha2delta": "kaput:Fair", "gamma2beta": "kaput:Fair", "alpha2gamma.mine": "kaput:Fair"},
        "formats": {"aaa": "kaput:Aaa"},
    }
    installed("mlconvert-broken", points, kaput="1 / 0")
    assert [edge.name for edge in routes.find("alpha", "gamma", forbid=["MIT"])] == ["alpha2beta", "beta2gamma"]
    assert api.convert(line.alpha(tmp_path / "m.alpha"), "beta", cache=False).parity["status"] == "passed"


def test_a_broken_format_does_not_hide_a_broken_file(installed: Any, tmp_path: Path) -> None:
    installed("mlconvert-broken", {"formats": {"aaa": "kaput:Aaa"}}, kaput="1 / 0")
    path = tmp_path / "m.beta"
    path.write_text("beta\nweight 1.0\n")
    with pytest.raises(ConversionError, match="cut off after 3 lines"):
        api.convert(path, "gamma")


def test_two_distributions_with_one_name(installed: Any) -> None:
    text = STAGE.format(name="alpha2gamma", source="alpha", target="gamma")
    installed("mlconvert-one", {"stages": {"alpha2gamma": "one:Fair"}}, one=text)
    installed("mlconvert-two", {"stages": {"alpha2gamma": "two:Fair"}}, two=text)
    with pytest.raises(ConversionError) as caught:
        registry.load(registry.STAGES, "alpha2gamma")
    assert "one:Fair" in caught.value.message
    assert "two:Fair" in caught.value.message
    assert "two distributions" in caught.value.message
    (entry,) = api.graph()["broken"]
    assert entry["name"] == "alpha2gamma"


def test_the_same_distribution_twice_is_one(installed: Any) -> None:
    text = STAGE.format(name="alpha2gamma", source="alpha", target="gamma")
    for name in ("mlconvert-here", "mlconvert-there"):
        installed(name, {"stages": {"alpha2gamma": "same:Fair"}}, same=text)
    assert registry.load(registry.STAGES, "alpha2gamma").name == "alpha2gamma"


def test_a_name_outside_the_grammar_makes_no_word(installed: Any) -> None:
    text = STAGE.format(name="Alpha2Beta!", source="alpha", target="beta")
    installed("mlconvert-odd", {"stages": {"Alpha2Beta!": "odd:Fair"}}, odd=text)
    assert "Alpha2Beta!" not in api.graph()["words"]
    assert [edge.name for edge in routes.find("alpha", "beta")] == ["alpha2beta"]


def test_the_code_of_a_plugin_that_is_one_module(installed: Any) -> None:
    installed("mlconvert-module", {"stages": {"alpha2gamma": "solitary:Fair"}}, solitary="one = 1")
    assert code_digest("solitary")
    assert code_digest("mlconvert_toys") != code_digest("mlconvert")
    assert code_digest("no_such_module") == ""


def test_a_live_object_is_adopted_by_the_format_that_knows_it(tmp_path: Path) -> None:
    assert formats.Alpha().adopt(Line(), tmp_path / "m.alpha") == ""
    with pytest.raises(ConversionError, match=r"cannot take a builtins\.dict") as caught:
        api.convert({}, "beta")
    assert caught.value.code == "unknown-object"

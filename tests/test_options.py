from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest

from mlconvert import options
from mlconvert.errors import UsageError
from mlconvert.stage import Help, NoOptions, read_bytes
from mlconvert_toys.stages import Beta2GammaOptions

FIELDS = {option.name: option for option in options.fields_of(Beta2GammaOptions)}


def built(**given: Any) -> Beta2GammaOptions:
    return options.build(Beta2GammaOptions, given, "beta2gamma")


def test_the_fields_taken_apart() -> None:
    assert list(FIELDS) == ["level", "workspace", "ratio", "fast", "table", "labels", "sizes", "modes"]
    assert [FIELDS[name].kind for name in ("level", "ratio", "fast", "table", "labels", "sizes")] == [
        int, float, bool, Path, str, int,
    ]  # fmt: skip
    assert [option.many for option in FIELDS.values()] == [False] * 5 + [True] * 3
    assert FIELDS["modes"].choices == ("loud", "soft")
    assert FIELDS["workspace"].help.text == "a size"
    assert options.fields_of(NoOptions) == ()


def test_what_stands_for_a_value() -> None:
    shown = {name: option.metavar for name, option in FIELDS.items()}
    assert shown == {
        "level": "N", "workspace": "SIZE", "ratio": "X", "fast": "TEXT", "table": "PATH",
        "labels": "TEXT,…", "sizes": "N,…", "modes": "[loud|soft]",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("level", "7", 7),
        ("workspace", "4GiB", 2**32),
        ("ratio", "1e-3", 0.001),
        ("fast", "Yes", True),
        ("fast", "off", False),
        ("table", "a/b.csv", Path("a/b.csv")),
        ("labels", "a, b,,c", ("a", "b", "c")),
        ("labels", "", ()),
        ("sizes", "1,2", (1, 2)),
        ("modes", "loud,soft", ("loud", "soft")),
    ],
)
def test_the_text_of_the_command_line(name: str, text: str, value: Any) -> None:
    assert FIELDS[name].parse(text) == value
    assert getattr(built(**{name: text}), name) == value


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"level": "seven"}, "--level: invalid literal"),
        ({"workspace": "4 bananas"}, "--workspace: '4 bananas' is no size"),
        ({"fast": "perhaps"}, "--fast: 'perhaps' is neither true nor false"),
        ({"modes": "lout"}, r"--modes takes one of loud, soft, not 'lout'; did you mean 'loud'\?"),
        ({"modes": ("lout",)}, "--modes takes one of loud, soft"),
        ({"sizes": (1, "x")}, "--sizes: invalid literal"),
        ({"sizes": (1, True)}, "option sizes takes int, not bool"),
        ({"level": 1.5}, "option level takes int, not float"),
        ({"level": True}, "option level takes int, not bool"),
        ({"level": None}, "option level takes int, not NoneType"),
        ({"fast": 1}, "option fast takes bool, not int"),
        ({"levle": 1}, r"beta2gamma has no option 'levle'; did you mean 'level'\?"),
    ],
)
def test_values_that_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        built(**given)


def test_values_of_python() -> None:
    made = built(level=2, ratio=1, table=None, sizes=[3, "4"], labels=["a"], fast=True)
    assert made == Beta2GammaOptions(level=2, ratio=1.0, table=None, sizes=(3, 4), labels=("a",), fast=True)
    assert isinstance(made.ratio, float)


def test_a_flag_may_stand_for_a_field() -> None:
    @dataclass(frozen=True)
    class Spaced:
        work_space: Annotated[int, Help("")] = 1

    (option,) = options.fields_of(Spaced)
    assert option.flag == "work-space"
    assert options.build(Spaced, {"work-space": 2}, "stage").work_space == 2


def test_a_field_needs_a_default() -> None:
    @dataclass(frozen=True)
    class Bare:
        size: Annotated[int, Help("")]

    with pytest.raises(TypeError, match="option size needs a default"):
        options.fields_of(Bare)


def test_the_manifests_form_holds_no_folder() -> None:
    entry = options.as_json(built(table="/home/me/a.csv", sizes="3,4"))
    assert entry["table"] == "a.csv"
    assert entry["sizes"] == [3, 4]
    assert options.values_of(built(table="/home/me/a.csv"))["table"] == Path("/home/me/a.csv")


@pytest.mark.parametrize(
    ("text", "size"), [("1000", 1000), ("512 MiB", 2**29), ("1.5GiB", 3 * 2**29), ("2kb", 2000), ("7b", 7)]
)
def test_a_size(text: str, size: int) -> None:
    assert read_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "name", "given"),
    [
        ("simplify", "simplify", {}),
        ("scale:factor=2", "scale", {"factor": "2"}),
        ("scale: factor =2,keep=a,b=c", "scale", {"factor": "2", "keep": "a", "b": "c"}),
        ("fp16:keep=a,b,level=3", "fp16", {"keep": "a,b", "level": "3"}),
        ("fp16:pattern=a=b", "fp16", {"pattern": "a=b"}),
    ],
)
def test_a_pass_with_its_options(text: str, name: str, given: dict[str, str]) -> None:
    assert options.parse_pass(text) == (name, given)


def test_a_pass_whose_options_have_no_names() -> None:
    with pytest.raises(UsageError, match="write options as key=value"):
        options.parse_pass("scale:2")

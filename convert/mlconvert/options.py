"""Options of stages: a frozen dataclass read as command-line flags, checked values, manifest entries and key parts."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlconvert.errors import UsageError
from mlconvert.stage import Help
from mlconvert.text import for_terminal, suggestion


@dataclass(frozen=True)
class Option:
    """One field of a stage's Options: its type taken apart, its help, its default."""

    name: str
    kind: type
    many: bool
    choices: tuple[str, ...]
    help: Help
    default: Any

    @property
    def flag(self) -> str:
        """The word on the command line, without the dashes."""
        return self.name.replace("_", "-")

    @property
    def metavar(self) -> str:
        """What stands for the value in `--help`."""
        if self.choices:
            return "[" + "|".join(self.choices) + "]"
        shown = self.help.metavar or {int: "N", float: "X", Path: "PATH"}.get(self.kind, "TEXT")
        return f"{shown},…" if self.many else shown

    def parse(self, text: str) -> Any:
        """The value of the command line's text. Raises UsageError."""
        if self.many:
            return tuple(self._parse_one(part.strip()) for part in text.split(",") if part.strip())
        return self._parse_one(text)

    def _parse_one(self, text: str) -> Any:
        if self.choices and text not in self.choices:
            raise UsageError(
                f"--{self.flag} takes one of {', '.join(self.choices)}, not {for_terminal(text)!r}"
                + suggestion(text, self.choices),
                code="bad-option",
                where=self.name,
            )
        try:
            return self.help.parse(text) if self.help.parse else _READERS[self.kind](text)
        except ValueError as error:
            raise UsageError(f"--{self.flag}: {for_terminal(error)}", code="bad-option", where=self.name) from None


def _read_bool(text: str) -> bool:
    if text.lower() in ("true", "yes", "1", "on"):
        return True
    if text.lower() in ("false", "no", "0", "off"):
        return False
    raise ValueError(f"{text!r} is neither true nor false")


_READERS: dict[type, Callable[[str], Any]] = {bool: _read_bool, int: int, float: float, str: str, Path: Path}


def fields_of(kind: type) -> tuple[Option, ...]:
    """The options of a stage's Options class, in their order."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return tuple(_option(field, hints[field.name]) for field in dataclasses.fields(kind))


def _option(field: dataclasses.Field[Any], hint: Any) -> Option:
    help_text = Help("")
    if typing.get_origin(hint) is typing.Annotated:
        help_text = next((extra for extra in hint.__metadata__ if isinstance(extra, Help)), help_text)
        hint = hint.__origin__
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        hint = next(part for part in typing.get_args(hint) if part is not type(None))
    many = typing.get_origin(hint) is tuple
    if many:
        hint = typing.get_args(hint)[0]
    choices: tuple[str, ...] = ()
    if typing.get_origin(hint) is typing.Literal:
        choices, hint = typing.get_args(hint), str
    if field.default is dataclasses.MISSING:
        raise TypeError(f"option {field.name} needs a default: a stage must run without being asked anything")
    return Option(field.name, hint, many, choices, help_text, field.default)


def build(kind: type, given: Mapping[str, Any], stage: str) -> Any:
    """The stage's Options from values by name; texts are read as on the command line.

    Raises UsageError for a name that the stage does not have, or a value of another type.
    """
    known = {option.name: option for option in fields_of(kind)}
    values = {}
    for name, value in given.items():
        option = known.get(name.replace("-", "_"))
        if option is None:
            raise UsageError(
                f"{stage} has no option {for_terminal(name)!r}" + suggestion(name, known),
                code="unknown-option",
                where=stage,
                fix=f"it has: {', '.join(known) or 'none'}",
            )
        values[option.name] = _checked(option, value)
    return kind(**values)


def _checked(option: Option, value: Any) -> Any:
    if isinstance(value, str):
        return option.parse(value)
    if value is None and option.default is None:
        return None
    if option.many and isinstance(value, (list, tuple)):
        return tuple(_checked(dataclasses.replace(option, many=False), item) for item in value)
    if isinstance(value, option.kind) and (option.kind is bool or not isinstance(value, bool)):
        return value
    if option.kind is float and isinstance(value, int):
        return float(value)
    raise UsageError(
        f"option {option.name} takes {option.kind.__name__}, not {type(value).__name__}",
        code="bad-option",
        where=option.name,
    )


def values_of(options: Any) -> dict[str, Any]:
    """The options by name, as they were built."""
    return {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}


def as_json(options: Any) -> dict[str, Any]:
    """The manifest's form: paths by their base names, tuples as lists."""
    return {name: _plain(value) for name, value in values_of(options).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.name if isinstance(value, Path) else value


def parse_pass(text: str) -> tuple[str, dict[str, str]]:
    """Read `name` or `name:key=value,key=value`; a part without `=` goes on with the value before it."""
    name, _, rest = text.partition(":")
    given: dict[str, str] = {}
    last = None
    for part in rest.split(",") if rest else ():
        key, equals, value = part.partition("=")
        if equals:
            last = key.strip()
            given[last] = value
        elif last is None:
            raise UsageError(f"--pass {for_terminal(text)}: write options as key=value", code="bad-option")
        else:
            given[last] += "," + part
    return name, given

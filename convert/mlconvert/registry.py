"""Plugins, found by entry point alone: their names without importing them, themselves when they are needed."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal

FORMATS, STAGES, PASSES, RUNNERS = (f"mlconvert.{kind}" for kind in ("formats", "stages", "passes", "runners"))


@dataclass(frozen=True)
class Broken:
    """A plugin that cannot be imported, and why."""

    name: str
    reference: str
    reason: str


@functools.cache
def _scan(group: str) -> dict[str, EntryPoint]:
    """The group's entry points by name. A name that two distributions claim is nobody's: `load` says so."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        other = found.setdefault(point.name, point)
        if other.value != point.value:
            found[point.name] = EntryPoint(point.name, f"{other.value} and {point.value}", group)
    return dict(sorted(found.items()))


def forget() -> None:
    """Look at the installed distributions again, for a notebook that has just installed one."""
    _scan.cache_clear()
    load.cache_clear()


def names(group: str) -> tuple[str, ...]:
    """The names in a group. Imports no plugin."""
    return tuple(_scan(group))


def reference(group: str, name: str) -> str:
    """The entry point's value, `package.module:Class`. Raises KeyError for a name that nobody has."""
    return _scan(group)[name].value


@functools.cache
def load(group: str, name: str) -> Any:
    """The plugin of that name: an instance of a format, stage or pass, or the class of a runner.

    Raises ConversionError with the code `broken-plugin` when it cannot be imported.
    """
    point = _scan(group)[name]
    try:
        kind = point.load()
        return kind if group == RUNNERS else kind()
    except Exception as error:
        raise ConversionError(
            f"the plugin {for_terminal(name)} ({for_terminal(point.value)}) cannot be imported: "
            f"{type(error).__name__}: {for_terminal(error)}",
            code="broken-plugin",
            where=name,
            fix="reinstall the package that brings it",
        ) from error


def all_of(group: str) -> tuple[list[Any], list[Broken]]:
    """Every plugin of a group, and those that cannot be imported."""
    good, broken = [], []
    for name in names(group):
        try:
            good.append(load(group, name))
        except ConversionError as error:
            broken.append(Broken(name, reference(group, name), error.message))
    return good, broken

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
def _scan(group: str) -> dict[str, tuple[EntryPoint, ...]]:
    """The group's entry points by name. A name that two distributions claim is nobody's: `load` says so."""
    found: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=group):
        found.setdefault(point.name, {})[point.value] = point
    return {name: tuple(points.values()) for name, points in sorted(found.items())}


def forget() -> None:
    """Look at the installed distributions again, for a notebook that has just installed one."""
    _scan.cache_clear()
    load.cache_clear()


def names(group: str) -> tuple[str, ...]:
    """The names in a group. Imports no plugin."""
    return tuple(_scan(group))


def reference(group: str, name: str) -> str:
    """The entry point's value, `package.module:Class`. Raises KeyError for a name that nobody has."""
    return " and ".join(point.value for point in _scan(group)[name])


@functools.cache
def load(group: str, name: str) -> Any:
    """The plugin of that name: an instance of a format, stage or pass, or the class of a runner.

    Raises ConversionError with the code `broken-plugin` when it cannot be imported.
    """
    points = _scan(group)[name]
    try:
        return _made(points, group)
    except Exception as error:
        raise ConversionError(
            f"the plugin {for_terminal(name)} ({for_terminal(reference(group, name))}) cannot be imported: "
            f"{type(error).__name__}: {for_terminal(error)}",
            code="broken-plugin",
            where=name,
            fix="reinstall the package that brings it",
        ) from error


def _made(points: tuple[EntryPoint, ...], group: str) -> Any:
    if len(points) > 1:
        raise LookupError("two distributions claim the name; uninstall one of them")
    kind = points[0].load()
    if group == RUNNERS:
        return kind
    plugin = kind()
    if plugin.name != points[0].name:
        raise LookupError(f"it calls itself {plugin.name!r}; the entry point must have the plugin's own name")
    return plugin


def all_of(group: str) -> tuple[list[Any], list[Broken]]:
    """Every plugin of a group, and those that cannot be imported."""
    good, broken = [], []
    for name in names(group):
        try:
            good.append(load(group, name))
        except ConversionError as error:
            broken.append(Broken(name, reference(group, name), error.message))
    return good, broken

"""Names of nested inputs and outputs: a path of keys joined by dots, the same for whoever reads or runs a model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Optional, TypeVar

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal

T = TypeVar("T")

# The name of a model's one output that has no name of its own.
ALONE = "output"


def flatten(value: Any, is_leaf: Callable[[Any], bool]) -> dict[str, Any]:
    """The leaves of a model's output by name, without those that are None.

    A lone tensor is `output`; a sequence gives `output_0`, `output_1`; a mapping its keys; a dataclass or a named
    tuple its fields; below them names are joined by dots. What is no container and no leaf stands there as it is.
    Raises ConversionError when two outputs come to the same name.
    """
    found: dict[str, Any] = {}
    for path, leaf in walk(value, is_leaf):
        name = ".".join(str(key) for key in path) if path else ALONE
        name = f"{ALONE}_{name}" if path and isinstance(path[0], int) else name
        if name in found:
            raise ConversionError(
                f"two outputs are called {for_terminal(name)}", code="ambiguous-output", fix="rename one in the model"
            )
        found[name] = leaf
    return found


def walk(value: Any, is_leaf: Callable[[Any], bool]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The leaves of nested containers with the path of keys to each, in order; None is no leaf."""
    children = None if is_leaf(value) else _children(value)
    if children is None:
        if value is not None:
            yield (), value
        return
    for key, child in children:
        for path, leaf in walk(child, is_leaf):
            yield (key, *path), leaf


def _children(value: Any) -> Optional[list[tuple[Any, Any]]]:
    """The named parts of a container, None for what is no container."""
    if isinstance(value, Mapping):
        return [(str(key), child) for key, child in value.items()]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(zip(value._fields, value, strict=True))
    if isinstance(value, (list, tuple)):
        return list(enumerate(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    return None


def nest(flat: Mapping[str, T]) -> dict[str, Any]:
    """Arguments by parameter, out of values by dotted names: `d.a` is the key `a` of `d`, `t.0` the first of `t`."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *folders, last = name.split(".")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = value
    return {name: _sequences(value) for name, value in tree.items()}


def _sequences(value: Any) -> Any:
    """Folders whose keys count from 0 are tuples."""
    if not isinstance(value, dict):
        return value
    children = {key: _sequences(child) for key, child in value.items()}
    if list(children) == [str(index) for index in range(len(children))]:
        return tuple(children.values())
    return children

"""The graph of formats, read off the names of its edges: nothing here imports a plugin until one is asked for."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlconvert import registry

if TYPE_CHECKING:
    from mlconvert.stage import Stage

_NAME = re.compile(r"([a-z]+)2([a-z]+)(?:\.([a-z0-9_]+))?")


@dataclass(frozen=True)
class Edge:
    """A stage or pass by its name alone: `onnx2tf`, `onnx2tf.onnx_tf`, `onnx2onnx.simplify`."""

    name: str
    source: str
    target: str
    provider: str

    @property
    def group(self) -> str:
        """The entry-point group that holds it."""
        return registry.PASSES if self.source == self.target else registry.STAGES

    @property
    def plugin(self) -> Stage:
        """The stage itself. Raises ConversionError when it cannot be imported."""
        loaded: Stage = registry.load(self.group, self.name)
        return loaded

    @property
    def reference(self) -> str:
        """Where the stage's class stands, for a worker."""
        return registry.reference(self.group, self.name)


def edges(group: str = registry.STAGES) -> tuple[Edge, ...]:
    """All edges of a group whose names follow the grammar."""
    matches = ((name, _NAME.fullmatch(name)) for name in registry.names(group))
    return tuple(Edge(name, match[1], match[2], match[3] or "") for name, match in matches if match)


def words(lost: Collection[str] = ()) -> dict[str, tuple[str, str]]:
    """Every word `<a>2<b>` that some route answers, direct edges first. Imports no plugin.

    `lost` names edges that are not to be used.
    """
    usable = [edge for edge in edges() if edge.name not in lost]
    found = {edge.name: (edge.source, edge.target) for edge in usable if not edge.provider}
    following: dict[str, set[str]] = {}
    for edge in usable:
        following.setdefault(edge.source, set()).add(edge.target)
    for source in sorted(following):
        for target in sorted(reachable(source, following)):
            found.setdefault(f"{source}2{target}", (source, target))
    for edge in edges(registry.PASSES):
        if edge.name in lost:
            continue
        found.setdefault(f"{edge.source}2{edge.source}", (edge.source, edge.source))
    return found


def reachable(source: str, following: Mapping[str, set[str]]) -> set[str]:
    """The formats that can be reached from one, itself left out. `following` maps a format to the next ones."""
    found: set[str] = set()
    todo = [source]
    while todo:
        for target in following.get(todo.pop(), ()):
            if target not in found and target != source:
                found.add(target)
                todo.append(target)
    return found

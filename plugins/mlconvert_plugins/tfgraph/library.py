"""The part of a graph that its outputs need, with the functions of its control flow under names of their own.

TensorFlow numbers functions through a whole process; here they are numbered in the order in which they are called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from mlconvert_plugins.tfgraph.conversion import Built


def pruned(built: Built) -> tuple[list[str], Any]:
    """The names of the weights in use, and the GraphDef without their stand-ins."""
    graph = built.graph.as_graph_def()
    used = needed(graph, [tensor.op.name for tensor in [*built.outputs.values(), *built.inputs.values()]])
    weights = [node.name for node in graph.node if node.name in used and node.name in built.weights.arrays]
    kept = [node for node in graph.node if node.name in used and node.name not in built.weights.arrays]
    found = type(graph)(versions=graph.versions)
    found.node.extend(kept)
    _take_functions(found, {function.signature.name: function for function in graph.library.function})
    return weights, found


def needed(graph: Any, names: Iterable[str]) -> set[str]:
    """The nodes that these depend on, and they themselves; a name without a node depends on nothing."""
    inputs = {node.name: node.input for node in graph.node}
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += [text.removeprefix("^").partition(":")[0] for text in inputs.get(name, ())]
    return found


def _take_functions(graph: Any, known: dict[str, Any]) -> None:
    """Add the functions that the graph calls, renamed, in the order in which they are met."""
    renamed: dict[str, str] = {}
    left = list(graph.node)
    while left:
        for reference in _references(left.pop(0)):
            if reference.name not in renamed:
                plain = re.sub(r"\W|\d+$", "_", reference.name).strip("_")
                renamed[reference.name] = f"{plain}_{len(renamed)}"
                function = graph.library.function.add()
                function.CopyFrom(known[reference.name])
                function.signature.name = renamed[reference.name]
                left += function.node_def
            reference.name = renamed[reference.name]


def _references(node: Any) -> Iterator[Any]:
    for key in sorted(node.attr):
        value = node.attr[key]
        if value.HasField("func"):
            yield value.func
        yield from value.list.func

"""Why running a SavedModel can execute somebody's code, or reach files and the system, told without opening it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal
from mlconvert_plugins.tfgraph import metagraphs
from mlconvert_plugins.tfgraph.metagraphs import Body, Graph, node_of
from mlconvert_plugins.tfgraph.operators import HARMLESS

# What reads and writes a checkpoint. A loader reads the model's own; nothing else may, and nothing may be written.
_READS = "RestoreV2"
_CHECKPOINT = frozenset({_READS, "SaveV2", "MergeV2Checkpoints"})
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_SHOWN = 5


def why_it_executes(folder: Path) -> str | None:
    """One sentence that names the operators in the way, or None. Raises ConversionError for a broken file."""
    graphs = metagraphs.read(folder)
    strange = sorted(set().union(*(graph.operators for graph in graphs)) - HARMLESS - _CHECKPOINT)
    if strange:
        more = f" and {len(strange) - _SHOWN} more" if len(strange) > _SHOWN else ""
        return f"it has operators that may touch files or the system: {', '.join(strange[:_SHOWN])}{more}"
    for graph in graphs:
        if graph.operators & _CHECKPOINT:
            for operator in _Checkpoints(graph).strays():
                return f"it reads or writes files other than its own variables: {operator}"
    return None


def refuse_untrusted(folder: Path, trust: bool) -> None:
    """Raise ConversionError (`needs-trust`) for a SavedModel that can reach outside and that nobody vouched for."""
    reason = None if trust else why_it_executes(folder)
    if reason:
        raise ConversionError(
            f"{for_terminal(folder.name)} can execute code: {for_terminal(reason)}",
            code="needs-trust",
            where=folder.name,
            fix="if you know who made the model, add --trust",
        )


class _Checkpoints:
    """Where in a graph checkpoints are read and written, as far as anything that is run leads there."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.seen: set[tuple[int, str, frozenset[str]]] = set()

    def strays(self) -> Iterator[str]:
        """The operators that touch other files than the one which the loader names."""
        yield from self.reached(self.graph, self.graph.outputs, frozenset())
        yield from self.reached(self.graph, [self.graph.restored], frozenset({self.graph.filename}) - {""})

    def reached(self, body: Body, names: Iterable[str], own: frozenset[str]) -> Iterator[str]:
        """Those that these nodes need; `own` are the tensors and arguments that name the model's own file."""
        left = [name for name in names if name in body.nodes]
        while left:
            name = left.pop()
            if (id(body), name, own) in self.seen:
                continue
            self.seen.add((id(body), name, own))
            node = body.nodes[name]
            inputs = [text.removesuffix(":0") for text in node.inputs]
            left += [node_of(text) for text in inputs if node_of(text) in body.nodes and text not in own]
            if node.operator in _CHECKPOINT and not (node.operator == _READS and inputs[:1] and inputs[0] in own):
                yield node.operator
            for function in node.functions:
                called = self.graph.functions.get(function, Body())
                handed = zip(called.arguments, inputs, strict=False) if node.operator in _CALLS else ()
                yield from self.reached(called, called.nodes, frozenset(one for one, text in handed if text in own))

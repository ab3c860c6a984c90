"""Whether the nodes of a graph hang together: every tensor is made once, before it is used, and in no circle."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from mlconvert.errors import Refusal

if TYPE_CHECKING:
    import onnx

_FIX = "export the model again, or mend the graph"
_SHOWN = 5


def wiring(proto: onnx.ModelProto) -> Iterator[Refusal]:
    """What is wrong with the edges of the main graph, its subgraphs and the functions."""
    yield from _graph(proto.graph, frozenset())
    for function in proto.functions:
        yield from _level(function.node, set(function.input), f"function {function.name!r}")


def name_of(node: onnx.NodeProto) -> str:
    """A node in words: by its name, else by what it makes."""
    return f"{node.op_type} node {node.name or (node.output[0] if node.output else '')!r}"


def _graph(graph: onnx.GraphProto, outer: frozenset[str]) -> Iterator[Refusal]:
    given = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    given |= {sparse.values.name for sparse in graph.sparse_initializer} | outer
    yield from _level(graph.node, given, "the graph")
    made = given | {name for node in graph.node for name in node.output}
    for output in graph.output:
        if output.name not in made:
            yield Refusal("missing-tensor", f"no node makes the output {output.name!r}", output.name, _FIX)


def _level(nodes: Sequence[onnx.NodeProto], given: set[str], where: str) -> Iterator[Refusal]:
    """The nodes of one graph or function; `given` are the names that stand before its first node."""
    known = set(given)
    late: list[tuple[onnx.NodeProto, str]] = []
    made: dict[str, int] = {}
    for number, node in enumerate(nodes):
        late += [(node, name) for name in node.input if name and name not in known]
        for name in filter(None, node.output):
            if name in made:
                message = f"{name_of(node)} makes {name!r}, which another node makes too"
                yield Refusal("duplicate-tensor", message, name_of(node), _FIX)
            made[name] = number
        known.update(node.output)
    yield from _late(nodes, late, made, where)
    for node, graph in _subgraphs(nodes):
        # A subgraph sees what stands before its node; that the node itself comes in time is checked above.
        yield from _graph(graph, frozenset(known - set(node.output)))


def _late(
    nodes: Sequence[onnx.NodeProto], late: Sequence[tuple[onnx.NodeProto, str]], made: dict[str, int], where: str
) -> Iterator[Refusal]:
    for node, name in late:
        if name not in made:
            message = f"{name_of(node)} takes {name!r}, which is no input, initializer or node's output"
            yield Refusal("missing-tensor", message, name_of(node), _FIX)
    behind = [(node, name) for node, name in late if name in made]
    if not behind:
        return
    circle = _circle(nodes, made)
    if circle:
        shown = ", ".join(name_of(nodes[number]) for number in circle[:_SHOWN])
        yield Refusal("cyclic-graph", f"{where} has a cycle through {shown}", name_of(nodes[circle[0]]), _FIX)
        return
    node, name = behind[0]
    message = f"{name_of(node)} takes {name!r} before it is made"
    yield Refusal("unsorted-graph", message, name_of(node), "sort the nodes topologically")


def _circle(nodes: Sequence[onnx.NodeProto], made: dict[str, int]) -> list[int]:
    """The numbers of nodes that form a cycle, or none."""
    edges = {number: [made[name] for name in node.input if name in made] for number, node in enumerate(nodes)}
    try:
        graphlib.TopologicalSorter(edges).prepare()
    except graphlib.CycleError as error:
        found: list[int] = error.args[1]
        return found[:-1]
    return []


def _subgraphs(nodes: Iterable[onnx.NodeProto]) -> Iterator[tuple[onnx.NodeProto, onnx.GraphProto]]:
    for node in nodes:
        for attribute in node.attribute:
            for graph in [*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs]:
                yield node, graph

"""A torch program as one side of a search for the first bad node: what its nodes compute, and parts of it alone.

torch's ONNX exporter names values after the nodes of the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert_plugins.onnxfile.pieces import Graph
from mlconvert_plugins.onnxfile.search import Part, Side
from mlconvert_plugins.pytorch.arrays import to_array, to_tensor
from mlconvert_plugins.pytorch.programs import Program
from mlconvert_plugins.pytorch.quiet import quiet

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch.export import ExportedProgram
    from torch.fx import Node


class TorchProgram(Side):
    """The program that was translated to the ONNX graph, decomposed as the exporter did it."""

    def __init__(self, program: Program, graph: Graph, inputs: Mapping[str, np.ndarray]) -> None:
        self._exported = program.exported
        self._inputs = program.input_nodes()
        self._given = {node.name: to_tensor(inputs[name]) for name, node in self._inputs.items()}
        self._nodes = _pairs(program, graph)
        self.names = self._nodes

    def values(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        """See Side. Nothing else is kept of the run."""
        import torch

        wanted = {self._nodes[name].name for name in names}
        found: dict[str, torch.Tensor] = {}

        class Recorder(torch.fx.Interpreter):
            def run_node(self, n: torch.fx.Node) -> Any:
                value = super().run_node(n)
                if n.name in wanted:
                    found[n.name] = value
                return value

        with torch.no_grad(), quiet():
            Recorder(self._exported.graph_module).run(*_arguments(self._exported, self._given))
        return {name: to_array(found[self._nodes[name].name]) for name in names}

    def save(self, part: Part, place: Path) -> Path | None:
        """See Side: an exported program, whose parameters and output have the ONNX graph's names."""
        import torch

        if not all(name.isidentifier() for name in (*part.given, part.name)):
            return None
        ends = {name: self._inputs[name] if name in self._inputs else self._nodes[name] for name in part.given}
        path = place.with_name(f"{place.name}.pt2")
        with quiet():
            module = _cut(self._exported, ends, {part.name: self._nodes[part.name]})
            arguments = tuple(to_tensor(array) for array in part.given.values())
            torch.export.save(torch.export.export(module, arguments), path)
        return path


def _pairs(program: Program, graph: Graph) -> dict[str, Node]:
    """The nodes by the ONNX tensors that hold their values: those have their names, but for the outputs."""
    import torch

    nodes = {node.name: node for node in program.exported.graph.nodes if _is_computed(node)}
    shapes, outputs = _shapes(graph), program.output_nodes()
    found = {}
    for name in graph.makers:
        node = outputs.get(name) or nodes.get(name)
        if isinstance(node, torch.fx.Node) and _is_computed(node) and _fits(node, shapes.get(name)):
            found[name] = node
    return found


def _is_computed(node: Node) -> bool:
    import torch

    return node.op != "placeholder" and isinstance(node.meta.get("val"), torch.Tensor)


def _shapes(graph: Graph) -> dict[str, list[int]]:
    """What the file says of the shapes of its tensors, 0 for what is dynamic."""
    infos = [*graph.proto.graph.value_info, *graph.proto.graph.output]
    return {
        info.name: [dim.dim_value for dim in info.type.tensor_type.shape.dim]
        for info in infos
        if info.type.tensor_type.HasField("shape")
    }


def _fits(node: Node, shape: list[int] | None) -> bool:
    """Whether the two can be the same tensor: the exporter reuses a name now and then for a part of an operator."""
    own = node.meta["val"].shape
    if shape is None:
        return True
    pairs = zip(own, shape, strict=False)
    return len(own) == len(shape) and all(size == other for size, other in pairs if isinstance(size, int) and other)


def _arguments(exported: ExportedProgram, given: Mapping[str, torch.Tensor]) -> Iterator[Any]:
    """What the placeholders of a program's flat graph stand for."""
    held = _held(exported)
    for spec in exported.graph_signature.input_specs:
        name = spec.arg.name
        yield held[name] if name in held else given.get(name, getattr(spec.arg, "value", None))


def _held(exported: ExportedProgram) -> dict[str, Any]:
    """The parameters, buffers and constants, by the names of their placeholders."""
    from torch.export.graph_signature import InputKind

    return {
        spec.arg.name: exported.state_dict[spec.target]
        if spec.target in exported.state_dict
        else exported.constants[spec.target]
        for spec in exported.graph_signature.input_specs
        if spec.kind != InputKind.USER_INPUT
    }


def _cut(exported: ExportedProgram, given: Mapping[str, Node], wanted: Mapping[str, Node]) -> torch.fx.GraphModule:
    """The part of the program that makes `wanted` from `given`, as a module with these names."""
    import torch

    graph, held = torch.fx.Graph(), _held(exported)
    root: dict[str, Any] = {}
    made = {node: graph.placeholder(name) for name, node in given.items()}

    def copied(node: Node) -> Node:
        if node not in made:
            if node.op == "placeholder":
                root[node.name] = held[node.name]
                made[node] = graph.get_attr(node.name)
            elif node.op == "get_attr":
                root[str(node.target)] = getattr(exported.graph_module, str(node.target))
                made[node] = graph.get_attr(str(node.target))
            else:
                raise AssertionError(f"{node} comes after what needs it")
        return made[node]

    for node in _needed(exported, made, wanted.values()):
        made[node] = graph.node_copy(node, copied)
    graph.output({name: made[node] for name, node in wanted.items()})
    return torch.fx.GraphModule(_module(root), graph)


def _needed(exported: ExportedProgram, given: Mapping[Node, Any], wanted: Any) -> list[Node]:
    """The nodes that compute something on the way, in the program's order."""
    found: set[Node] = set()
    left = list(wanted)
    while left:
        node = left.pop()
        if node not in found and node not in given and node.op not in ("placeholder", "get_attr"):
            found.add(node)
            left += node.all_input_nodes
    return [node for node in exported.graph.nodes if node in found]


def _module(held: Mapping[str, Any]) -> torch.nn.Module:
    """A module with these attributes."""
    import torch

    module = torch.nn.Module()
    for name, value in held.items():
        if isinstance(value, torch.Tensor):
            module.register_buffer(name, value.detach())
        else:
            setattr(module, name, value)
    return module

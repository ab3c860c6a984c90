"""The main graph of a model as what makes what, and any part of it as a model of its own, weights included."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert_plugins.onnxfile.external import is_external, tensors
from mlconvert_plugins.onnxfile.signature import free_inputs

if TYPE_CHECKING:
    import numpy as np
    import onnx

_MADE_HERE = "mlconvert"
# Smaller weights stay in the message; the others begin at pages, so that runtimes can map them.
_SMALL = 1024
_PAGE = 4096


@dataclass(frozen=True)
class Slot:
    """An input or output of a part: what the caller holds, and the element type that the graph itself has there."""

    name: str
    shape: tuple[int, ...]
    element_type: int
    inner_type: int

    @staticmethod
    def of(name: str, array: np.ndarray, inner_type: int = 0) -> Slot:
        """The slot for an array; an inner type of 0 is the array's own."""
        own = element_type(array)
        return Slot(name, array.shape, own, inner_type or own)


def element_type(array: np.ndarray) -> int:
    """The number that onnx.proto's TensorProto.DataType has for the array's elements."""
    import onnx

    if array.dtype.kind in "OUS":
        return int(onnx.TensorProto.STRING)
    return int(onnx.helper.np_dtype_to_tensor_dtype(array.dtype))


@dataclass(frozen=True)
class Graph:
    """The main graph of a model. A node with subgraphs is one node, which also takes what those see of the graph."""

    proto: onnx.ModelProto

    @cached_property
    def makers(self) -> dict[str, onnx.NodeProto]:
        """The node that makes each tensor, in the graph's order, which is one in which the nodes can run."""
        return {name: node for node in self.proto.graph.node for name in node.output if name}

    @cached_property
    def inputs(self) -> list[str]:
        """The names of the inputs that must be given."""
        return [value.name for value in free_inputs(self.proto.graph)]

    @cached_property
    def outputs(self) -> list[str]:
        """The names of the outputs."""
        return [value.name for value in self.proto.graph.output]

    @cached_property
    def weights(self) -> dict[str, onnx.TensorProto]:
        """The initializers by name."""
        return {tensor.name: tensor for tensor in self.proto.graph.initializer}

    @cached_property
    def declared(self) -> dict[str, int]:
        """The element types of the inputs."""
        return {value.name: value.type.tensor_type.elem_type for value in self.proto.graph.input}

    def parents(self, name: str) -> list[str]:
        """The tensors of nodes that a tensor is made from."""
        node = self.makers.get(name)
        return [] if node is None else [one for one in needs(node) if one in self.makers]

    def weights_of(self, names: Iterable[str]) -> list[str]:
        """The initializers that the nodes which make these tensors take."""
        found = [one for name in names for one in needs(self.makers[name]) if one in self.weights]
        return list(dict.fromkeys(found))

    def between(self, name: str, given: Collection[str]) -> list[str]:
        """The tensors that are made on the way from `given` to `name`, it included, in the graph's order."""
        found: set[str] = set()
        left = [name]
        while left:
            one = left.pop()
            if one not in found and one in self.makers and one not in given:
                found.add(one)
                left += self.parents(one)
        return [one for one in self.makers if one in found]

    def piece(self, given: Iterable[Slot], wanted: Iterable[Slot | str]) -> onnx.ModelProto:
        """The part of the model that makes `wanted` from `given`, the model's inputs and its weights.

        A wanted tensor that is just named has the type that the model declares, or else that its reader infers.
        """
        import onnx

        slots, ends = {slot.name: slot for slot in given}, list(wanted)
        names = [end if isinstance(end, str) else end.name for end in ends]
        made = onnx.ModelProto(ir_version=self.proto.ir_version, producer_name=_MADE_HERE)
        made.opset_import.extend(self.proto.opset_import)
        made.functions.extend(self.proto.functions)
        made.graph.name = "part"
        nodes = self._nodes(names, slots)
        needed = dict.fromkeys([name for node in nodes for name in needs(node)] + names)
        made.graph.input.extend(_info(slot) for slot in slots.values())
        made.graph.input.extend(value for value in free_inputs(self.proto.graph) if value.name in needed.keys() - slots)
        made.graph.initializer.extend(tensor for name, tensor in self.weights.items() if name in needed.keys() - slots)
        sparse = self.proto.graph.sparse_initializer
        made.graph.sparse_initializer.extend(one for one in sparse if one.values.name in needed)
        made.graph.node.extend(nodes)
        known = {value.name: value for value in self.proto.graph.output}
        for end in ends:
            info = _info(end) if isinstance(end, Slot) else known.get(end) or onnx.ValueInfoProto(name=end)
            made.graph.output.append(info)
        _cast(made.graph, [*slots.values(), *(end for end in ends if isinstance(end, Slot))])
        return made

    def _nodes(self, names: Iterable[str], given: Collection[str]) -> list[onnx.NodeProto]:
        """The nodes that are needed for these tensors, in the graph's order."""
        found: set[int] = set()
        left = list(names)
        while left:
            name = left.pop()
            node = None if name in given else self.makers.get(name)
            if node is not None and id(node) not in found:
                found.add(id(node))
                left += needs(node)
        return [node for node in self._order if id(node) in found]

    @cached_property
    def _order(self) -> list[onnx.NodeProto]:
        return list({id(node): node for node in self.makers.values()}.values())


def needs(node: onnx.NodeProto) -> list[str]:
    """The tensors that a node takes, those that its subgraphs see around it included."""
    found = [name for name in node.input if name]
    for graph in _subgraphs(node):
        found += _free(graph)
    return list(dict.fromkeys(found))


def _subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _free(graph: onnx.GraphProto) -> list[str]:
    """The names that a subgraph takes from around it."""
    own = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    own |= {name for node in graph.node for name in node.output}
    taken = [name for node in graph.node for name in needs(node)] + [output.name for output in graph.output]
    return [name for name in taken if name not in own]


def _cast(graph: onnx.GraphProto, slots: Iterable[Slot]) -> None:
    """Casts at the ends where the graph has another type inside than the caller holds."""
    from onnx import helper

    turned = [slot for slot in slots if slot.inner_type != slot.element_type]
    inner = {slot.name: f"{slot.name}.inside" for slot in turned}
    for node in graph.node:
        _rename(node, inner)
    taken = {value.name for value in graph.input}
    for slot in turned:
        inside, outside = inner[slot.name], slot.name
        if outside in taken:
            graph.node.insert(0, helper.make_node("Cast", [outside], [inside], to=slot.inner_type))
            continue
        # onnxruntime's CPU computes float16 in float32, and drops the rounding where a Cast back follows at once.
        shape, same = f"{outside}.shape", f"{outside}.same"
        graph.node.append(helper.make_node("Shape", [inside], [shape]))
        graph.node.append(helper.make_node("Reshape", [inside, shape], [same]))
        graph.node.append(helper.make_node("Cast", [same], [outside], to=slot.element_type))


def _rename(node: onnx.NodeProto, names: Mapping[str, str]) -> None:
    """Call tensors otherwise, also where subgraphs see them."""
    node.input[:] = [names.get(name, name) for name in node.input]
    node.output[:] = [names.get(name, name) for name in node.output]
    for graph in _subgraphs(node):
        for inside in graph.node:
            _rename(inside, names)
        for output in graph.output:
            output.name = names.get(output.name, output.name)


def _info(slot: Slot) -> onnx.ValueInfoProto:
    import onnx

    return onnx.helper.make_tensor_value_info(slot.name, slot.element_type, slot.shape)


def inline(model: onnx.ModelProto, folder: Path) -> None:
    """Read the weights that lie in files below `folder` into the model."""
    from onnx import external_data_helper

    for tensor in tensors(model):
        if is_external(tensor):
            external_data_helper.load_external_data_for_tensor(tensor, str(folder))


def tensors_of(graph: Graph) -> list[str]:
    """The names of what nodes make, but for sequences, optionals and maps."""
    import onnx

    skeleton = onnx.ModelProto()
    skeleton.CopyFrom(graph.proto)
    try:
        inferred = onnx.shape_inference.infer_shapes(skeleton).graph.value_info
    except (onnx.shape_inference.InferenceError, ValueError):
        inferred = graph.proto.graph.value_info
    others = {value.name for value in inferred if value.type.WhichOneof("value") not in (None, "tensor_type")}
    return [name for name in graph.makers if name not in others]


def spilled(proto: onnx.ModelProto, folder: Path, scratch: Path, limit: int) -> tuple[onnx.ModelProto, Path]:
    """The model with its weights in a file below `scratch`, and the folder that its external data lies in.

    A model of less than `limit` bytes, or with external data of its own, stays as it is. The weights are then in memory
    just while a session holds them.
    """
    large = [tensor for tensor in proto.graph.initializer if len(tensor.raw_data) >= _SMALL]
    if any(is_external(tensor) for tensor in tensors(proto)) or sum(len(one.raw_data) for one in large) < limit:
        return proto, folder
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".weights", delete=False) as stream:
        for tensor in large:
            stream.write(bytes(-stream.tell() % _PAGE))
            entries = {"location": Path(stream.name).name, "offset": stream.tell(), "length": len(tensor.raw_data)}
            stream.write(tensor.raw_data)
            tensor.ClearField("raw_data")
            tensor.data_location = tensor.EXTERNAL
            for key, value in entries.items():
                tensor.external_data.add(key=key, value=str(value))
    # A message keeps the memory of all that was ever in it.
    rest = type(proto)()
    rest.CopyFrom(proto)
    return rest, scratch.absolute()

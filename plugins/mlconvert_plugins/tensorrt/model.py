"""The ONNX model as far as TensorRT's refusals need it: nodes with their places, and types. No weights are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError

if TYPE_CHECKING:
    import onnx

# Where exporters write the torch module that a node came from, best first.
_SCOPES = ("pkg.torch.onnx.name_scopes", "namespace")


@dataclass(frozen=True)
class Node:
    """A node of the model. `main` tells the main graph's from those of subgraphs and functions."""

    name: str
    op: str
    domain: str
    place: str
    main: bool
    inputs: tuple[str, ...]
    to: int | None = None


def load(path: Path) -> onnx.ModelProto:
    """The model without its external weights. Raises ConversionError for a file that is no ONNX model."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        return onnx.load(path, load_external_data=False)
    except DecodeError as error:
        raise ConversionError(
            f"the file is no ONNX model: {error}", code="broken-file", where=path.name, fix="export it again"
        ) from error


def nodes_of(path: Path) -> list[Node]:
    """The nodes of a model file."""
    return list(nodes(load(path)))


def nodes(model: onnx.ModelProto) -> Iterator[Node]:
    """All nodes: the main graph's in order, each with those of its subgraphs after it, then the functions'."""
    yield from _nodes(model.graph.node, main=True)
    for function in model.functions:
        yield from _nodes(function.node, main=False)


def _nodes(protos: object, main: bool) -> Iterator[Node]:
    for number, proto in enumerate(protos):  # type: ignore[arg-type,var-annotated]  # protobuf's containers are untyped
        yield _node(proto, number, main)
        for attribute in proto.attribute:
            for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _nodes(graph.node, main=False)


def _node(proto: onnx.NodeProto, number: int, main: bool) -> Node:
    to = next((attribute.i for attribute in proto.attribute if attribute.name == "to"), None)
    return Node(proto.name, proto.op_type, proto.domain, _place(proto, number), main, tuple(proto.input), to)


def _place(proto: onnx.NodeProto, number: int) -> str:
    name = proto.name or f"node {number}"
    module = _module(proto)
    return f"{name} (from {module})" if module else name


def _module(proto: onnx.NodeProto) -> str:
    """The torch module of a node, as `layer1.0.conv1`, where the exporter wrote it down."""
    entries = {entry.key: entry.value for entry in proto.metadata_props}
    text = next((entries[key] for key in _SCOPES if key in entries), "")
    if text.startswith("["):
        # A list of scopes as Python writes it: the module is the last but one, the operator itself the last.
        scopes = [part.strip(" '\"") for part in text.strip("[]").split(",")]
        return next((scope for scope in reversed(scopes[:-1]) if scope), "")
    parts = [part.split(":")[0].strip() for part in text.split("/")[:-1]]
    return next((part for part in reversed(parts) if part), "")


def element_types(model: onnx.ModelProto) -> dict[str, int]:
    """The element type of every value of the main graph that the file states: inputs, outputs, weights, others."""
    graph = model.graph
    types = {value.name: value.type.tensor_type.elem_type for value in (*graph.value_info, *graph.input, *graph.output)}
    types.update({tensor.name: tensor.data_type for tensor in graph.initializer})
    return types

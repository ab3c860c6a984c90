"""Where a TensorFlow graph has the tensors of the ONNX model that it was made from."""

from __future__ import annotations

from dataclasses import dataclass

from mlconvert.artifact import Artifact
from mlconvert_plugins.onnxfile.opening import open_proto
from mlconvert_plugins.onnxfile.signature import signature_of
from mlconvert_plugins.tfgraph.conversion import walked
from mlconvert_plugins.tfgraph.layouts import Layout
from mlconvert_plugins.tfgraph.tensors import parted
from mlconvert_plugins.tfgraph.values import Value


@dataclass(frozen=True)
class Place:
    """A tensor of the graph: its name, the operator that makes it, the order in which the ONNX tensor's axes lie."""

    tensor: str
    operator: str
    layout: Layout


def places(source: Artifact) -> dict[str, Place]:
    """The places of an ONNX file's tensors in the graph that onnx2tf makes of it, which is the same each time.

    Tensors that are constants, or sizes which are computed one by one, have none.
    """
    proto = open_proto(source.path)
    signature = source.signature if source.signature.inputs else signature_of(proto)
    folder = source.path.parent
    proto, initializers = parted(proto, folder)
    _, scope = walked(proto, signature, folder, initializers)
    values = ((name, scope.get(name)) for node in proto.graph.node for name in node.output if name)
    held = ((name, value.held, value.layout) for name, value in values if isinstance(value, Value))
    return {name: Place(tensor.name, tensor.op.type, layout) for name, tensor, layout in held if tensor is not None}

"""A graph whose operations are onnx-tf's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError, Refusal, refuse
from mlconvert.signature import Signature
from mlconvert_plugins.onnxfile.audit import nodes
from mlconvert_plugins.onnxfile.opening import open_proto
from mlconvert_plugins.onnxfile.saving import MESSAGE_LIMIT
from mlconvert_plugins.onnxfile.wiring import name_of, wiring
from mlconvert_plugins.onnxtf import coverage, lowering
from mlconvert_plugins.tfgraph.conversion import Built, output, placeholder
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.values import Value
from mlconvert_plugins.tfgraph.weights import Weights

if TYPE_CHECKING:
    import onnx

# The newest opset of whose operators onnx-tf has nearly all.
OPSET = 15
# What it computes with variables, for which a graph of constants has no place.
_WITH_VARIABLES = ("GRU", "LSTM", "NonMaxSuppression", "RNN")


def read(path: Path) -> onnx.ModelProto:
    """The model with its weights, in an opset that onnx-tf knows. Raises ConversionError with all that it does not."""
    import onnx
    from onnx_tf.common.handler_helper import get_backend_coverage

    proto = open_proto(path)
    refuse(wiring(proto), where=path.name)
    onnx.load_external_data_for_model(proto, str(path.parent))
    if proto.ByteSize() > MESSAGE_LIMIT:
        message = "onnx-tf reads a model from one message, which holds 2 GiB"
        raise ConversionError(message, code="too-large", fix=coverage.FIX)
    refuse(_stateful(node) for node in nodes(proto) if node.op_type in _WITH_VARIABLES)
    versions, _ = get_backend_coverage()
    return coverage.covered(lowering.plain(proto), versions[""], OPSET)


def _stateful(node: onnx.NodeProto) -> Refusal:
    message = f"{name_of(node)}: onnx-tf needs variables for it, and the graph has constants alone"
    return Refusal("unsupported-op", message, node.op_type, coverage.FIX)


def build(proto: onnx.ModelProto, signature: Signature) -> Built:
    """The model as a TensorFlow graph. Raises ConversionError that names the node where onnx-tf failed."""
    from onnx_tf.backend import TensorflowBackend
    from onnx_tf.pb_wrapper import OnnxNode

    try:
        module = TensorflowBackend.prepare(proto, logging_level="ERROR").tf_module
    except Exception as error:  # whatever onnx-tf and TensorFlow raise
        raise _failed("the model", error) from error
    # Its handlers are written for AutoGraph: they branch and loop on tensors.
    autograph = tf.__internal__.autograph
    convert = autograph.tf_convert(TensorflowBackend._onnx_node_to_tensorflow_op, autograph.control_status_ctx())
    graph = tf.__internal__.FuncGraph("model")
    with graph.as_default():
        inputs = {tensor.name: placeholder(tensor) for tensor in signature.inputs}
        known = {**module.initializer_dict, **module.handler_variables, **inputs}
        for node in proto.graph.node:
            try:
                made = convert(OnnxNode(node), known, module.handlers, opset=module.opset, strict=True)
            except Exception as error:  # whatever onnx-tf and TensorFlow raise
                raise _failed(name_of(node), error) from error
            known.update(zip(node.output, made, strict=False))
        outputs = {tensor.name: output(tensor, Value(known[tensor.name])) for tensor in signature.outputs}
    captured = {inner.op.name: outer.numpy() for outer, inner in graph.captures}
    return Built(graph, inputs, outputs, Weights(graph, captured))


def _failed(where: str, error: Exception) -> ConversionError:
    """AutoGraph tells the whole way to a fault, and then the fault."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    message = f"{where}: onnx-tf cannot convert it: {lines[-1] if lines else type(error).__name__}"
    return ConversionError(message, code="onnx-tf-refused", where=where, fix=coverage.FIX)

"""What in an ONNX model TensorRT will not take, found before the work, without reading a weight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mlconvert.errors import Refusal
from mlconvert.signature import Signature
from mlconvert_plugins.tensorrt import model as models
from mlconvert_plugins.tensorrt.library import DTYPES, Bindings
from mlconvert_plugins.tensorrt.messages import Messages
from mlconvert_plugins.tensorrt.model import Node
from mlconvert_plugins.tensorrt.parsing import listed, plugin_names, unsupported

if TYPE_CHECKING:
    import onnx

_STANDARD = ("", "ai.onnx")
# The domain of the ops that NVIDIA's own quantization tools write.
_NVIDIA = ("trt",)
# Measured with TensorRT-RTX 1.7: its compiler has no FP32 matrix product for Turing.
_PRODUCTS = ("MatMul", "Gemm", "Einsum")
_FLOAT, _DOUBLE = 1, 11
_IO_DTYPES = {*DTYPES.values(), "int4", "float4_e2m1fn"}


def unsupported_ops(model: onnx.ModelProto, trt: Bindings, messages: Messages) -> Iterator[Refusal]:
    """Every op that has neither an importer in TensorRT's parser nor a registered plugin, with its nodes.

    The parser looks at an op's type alone, and would take an op of a foreign domain for the standard op of that name.
    """
    builder = trt.Builder(messages.logger)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, messages.logger)
    plugins = set(plugin_names(trt))
    own = {(function.domain, function.name) for function in model.functions}
    missing: dict[str, list[str]] = {}
    for node in models.nodes(model):
        imported, native = parser.supports_operator(node.op), node.domain in _STANDARD + _NVIDIA
        known = imported if native else (node.domain, node.op) in own
        if not known and (imported or node.op not in plugins):
            name = node.op if node.domain in _STANDARD else f"{node.domain}::{node.op}"
            missing.setdefault(name, []).append(node.place)
    return iter([unsupported(op, places) for op, places in missing.items()])


def unsupported_dtypes(signature: Signature) -> Iterator[Refusal]:
    """Inputs and outputs of element types that engines do not have.

    The parser itself takes float64 for float32 without a word.
    """
    for kind, tensors in (("input", signature.inputs), ("output", signature.outputs)):
        for tensor in tensors:
            if tensor.dtype not in _IO_DTYPES:
                fix = "cast it to float32 in the model" if "64" in tensor.dtype else "take it out of the model"
                yield Refusal(
                    "unsupported-dtype",
                    f"{kind} {tensor.name!r} is {tensor.dtype}, which TensorRT does not have",
                    where=tensor.name,
                    fix=fix,
                )


def doubles(model: onnx.ModelProto) -> list[str]:
    """The places of the nodes that compute in float64, which TensorRT computes in float32."""
    types = models.element_types(model)
    return [node.place for node in models.nodes(model) if _is_double(node, types)]


def _is_double(node: Node, types: dict[str, int]) -> bool:
    return (node.op == "Cast" and node.to == _DOUBLE) or any(types.get(name) == _DOUBLE for name in node.inputs)


def turing_products(model: onnx.ModelProto, gpus: Iterable[str]) -> Iterator[Refusal]:
    """FP32 matrix products in a model for sm_75, as far as the file states its types; the builder finds the rest."""
    if "sm_75" not in gpus:
        return
    types = models.element_types(model)
    places = [
        node.place
        for node in models.nodes(model)
        if node.op in _PRODUCTS and any(types.get(name) == _FLOAT for name in node.inputs)
    ]
    if places:
        yield turing(listed(places))


def turing(place: str) -> Refusal:
    """The refusal of an FP32 matrix product on Turing."""
    return Refusal(
        "unsupported-op",
        f"TensorRT-RTX has no FP32 matrix product for sm_75, and one stands at {place}",
        where=place,
        fix="leave sm_75 out of --gpu, or cast the model to FP16 first",
    )

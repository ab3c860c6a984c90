"""Further signatures: some of the model's tensors under a name of their own, beside `serving_default`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError, Refusal
from mlconvert.signature import Signature, Tensor
from mlconvert.text import suggestion
from mlconvert_plugins.onnxfile.signature import signature_of

if TYPE_CHECKING:
    import onnx

SERVING = "serving_default"
# What TensorFlow keeps for itself begins so.
RESERVED = "__saved_model"

Wanted = Mapping[str, tuple[str, ...]]


def read(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Names of tensors by signature, of `NAME=TENSOR` words; one without `=` goes on with the name before it."""
    found: dict[str, tuple[str, ...]] = {}
    name = ""
    for part in filter(None, (text.strip() for text in ",".join(words).split(","))):
        before, equals, after = part.partition("=")
        name = before.strip() if equals else name
        found[name] = (*found.get(name, ()), (after if equals else part).strip())
    return found


def refusals(wanted: Wanted, proto: onnx.ModelProto) -> Iterator[Refusal]:
    """Names that cannot be a signature's, and tensors that the model's main graph does not have."""
    known = [name for node in proto.graph.node for name in node.output if name]
    for name, tensors in wanted.items():
        if not name or name == SERVING or name.startswith(RESERVED):
            message = f"{name!r} cannot be the name of a further signature"
            yield Refusal("bad-option", message, "signature", "write it NAME=TENSOR,TENSOR")
        for tensor in tensors:
            if tensor not in known:
                message = f"signature {name!r}: no node of the model makes {tensor!r}" + suggestion(tensor, known)
                yield Refusal("unknown-tensor", message, "signature", "name outputs of the model's nodes")


def exposed(wanted: Wanted, proto: onnx.ModelProto, signature: Signature) -> tuple[Tensor, ...]:
    """Make outputs of the inner tensors that signatures want, and say what they are.

    Raises ConversionError for one that is no tensor, or of which not even the rank can be inferred.
    """
    own = {tensor.name for tensor in signature.outputs}
    inner = [name for tensors in wanted.values() for name in tensors if name not in own]
    if not inner:
        return ()
    described = _described(proto, inner)
    missing = [name for name in inner if name not in described]
    if missing:
        message = f"the file does not say what type and how many dims {missing[0]!r} has"
        fix = "run onnx.shape_inference on the model, or export it with shapes"
        raise ConversionError(message, code="unknown-rank", where=missing[0], fix=fix)
    proto.graph.output.extend(described[name] for name in dict.fromkeys(inner))
    return signature_of(proto).outputs[len(signature.outputs) :]


def _described(proto: onnx.ModelProto, names: Iterable[str]) -> dict[str, onnx.ValueInfoProto]:
    """What is known of the tensors: by the file, else by onnx's shape inference."""
    import onnx

    found = {value.name: value for value in proto.graph.value_info}
    if found.keys() >= set(names):
        return found
    try:
        return {value.name: value for value in onnx.shape_inference.infer_shapes(proto).graph.value_info}
    except (onnx.shape_inference.InferenceError, ValueError):
        return found

"""What an ONNX graph says about its inputs and outputs, as a signature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mlconvert.errors import Refusal, refuse
from mlconvert.signature import Dim, Signature, Tensor
from mlconvert_plugins.onnxfile.dims import Dims

if TYPE_CHECKING:
    import onnx

# onnx.proto's TensorProto.DataType by number; what is absent a signature cannot name.
DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16",
    17: "float8_e4m3fn", 18: "float8_e4m3fnuz", 19: "float8_e5m2", 20: "float8_e5m2fnuz", 21: "uint4", 22: "int4",
    23: "float4_e2m1fn",
}  # fmt: skip


def signature_of(proto: onnx.ModelProto) -> Signature:
    """The graph's inputs that no initializer gives, and its outputs, in order.

    Raises ConversionError with all that a signature cannot say: `not-a-tensor` (sequences, optionals, maps, sparse
    tensors), `unsupported-dtype`, `unknown-rank`.
    """
    inputs = free_inputs(proto.graph)
    outputs = list(proto.graph.output)
    if any(not _has_rank(value) for value in outputs):
        outputs = _inferred(proto)
    refuse([problem for value in [*inputs, *outputs] for problem in _problems(value)], where="signature")
    dims = Dims(dim.dim_param for value in inputs for dim in value.type.tensor_type.shape.dim if dim.dim_param.strip())
    return Signature(
        inputs=tuple(_tensor(value, dims) for value in inputs), outputs=tuple(_tensor(value, dims) for value in outputs)
    )


def free_inputs(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """The inputs that must be given: in old files, every initializer is listed as an input too."""
    given = {tensor.name for tensor in graph.initializer} | {sparse.values.name for sparse in graph.sparse_initializer}
    return [value for value in graph.input if value.name not in given]


def optional_inputs(graph: onnx.GraphProto) -> list[str]:
    """The names of the inputs that have an initializer, and may be given all the same."""
    free = {value.name for value in free_inputs(graph)}
    return [value.name for value in graph.input if value.name not in free]


def _has_rank(value: onnx.ValueInfoProto) -> bool:
    return value.type.tensor_type.HasField("shape") or not value.type.HasField("tensor_type")


def _inferred(proto: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    """The outputs with what onnx's shape inference can add."""
    import onnx

    try:
        graph = onnx.shape_inference.infer_shapes(proto).graph
    except (onnx.shape_inference.InferenceError, ValueError):
        return list(proto.graph.output)  # it stays unknown, and is refused as such
    return list(graph.output)


def _problems(value: onnx.ValueInfoProto) -> Iterator[Refusal]:
    name = value.name
    kind = value.type.WhichOneof("value")
    if kind is not None and kind != "tensor_type":
        what = kind.removesuffix("_type").replace("_", " ")
        fix = "export the model with tensors as its inputs and outputs"
        yield Refusal("not-a-tensor", f"{name!r} is a {what} and no tensor", name, fix)
        return
    tensor = value.type.tensor_type
    if tensor.elem_type not in DTYPES:
        yield Refusal("unsupported-dtype", f"{name!r} has the element type {tensor.elem_type}", name)
    if not tensor.HasField("shape"):
        fix = "run onnx.shape_inference on the model, or export it with shapes"
        yield Refusal("unknown-rank", f"the file does not say how many dims {name!r} has", name, fix)


def _tensor(value: onnx.ValueInfoProto, dims: Dims) -> Tensor:
    tensor = value.type.tensor_type
    return Tensor(value.name, DTYPES[tensor.elem_type], tuple(_shape(tensor.shape.dim, dims)))


def _shape(entries: Iterable[onnx.TensorShapeProto.Dimension], dims: Dims) -> Iterator[Dim]:
    for entry in entries:
        if entry.HasField("dim_value"):
            # Some writers say -1 where nothing is known.
            yield entry.dim_value if entry.dim_value >= 0 else None
        else:
            yield dims.of_text(entry.dim_param)

"""Writing an ONNX model: streamed, with the same bytes each time, weights over 1 GiB in one file beside it.

The weights never pass through a protobuf message: the model is serialized without them, and each one's bytes are
written where the message would have had them. Peak memory is that of the largest weight.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mlconvert.errors import ConversionError, InternalError
from mlconvert_plugins.onnxfile import wire_format

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

# Weights of more bytes than this together go to an external data file.
EXTERNAL_ABOVE = 2**30
# Smaller tensors stay in the message: shapes and axes, which readers of the graph want at hand.
SMALL = 1024
# Offsets in the data file are multiples of a page, so that runtimes can map it (onnx.proto, `external_data`).
PAGE = 4096
# What one protobuf message can hold.
MESSAGE_LIMIT = 2**31 - 1

# Field numbers of onnx.proto.
_MODEL_GRAPH, _GRAPH_INITIALIZER, _TENSOR_RAW_DATA = 7, 5, 9


def save(model: ir.Model, out: Path) -> list[Path]:
    """Write `model` to `out`, and its weights beside it where they pass `EXTERNAL_ABOVE` bytes.

    The data file is named after its content (`<stem>.<first 12 digits of its sha256>.data`); `out`'s folder must be
    the caller's own, since the data is written there before its name is known. Returns the files written, `out`
    first. Raises ConversionError for a model that ONNX cannot hold.
    """
    weights = [value for graph in model.graphs() for value in graph.initializers.values() if _is_weight(value)]
    distinct = {id(value.const_value): _size(value) for value in weights}
    if sum(distinct.values()) > EXTERNAL_ABOVE:
        data, places = _write_data(weights, out)
        _write_inline(_skeleton(model, weights, places), {}, out)
        return [out, data]
    inline = [value for value in weights if value.graph is model.graph]
    tensors = {value.name: value.const_value for value in inline if value.name and value.const_value is not None}
    _write_inline(_skeleton(model, inline, [_place(value, "", 0) for value in inline]), tensors, out)
    return [out]


def _is_weight(value: ir.Value) -> bool:
    import onnx_ir as ir

    tensor = value.const_value
    return tensor is not None and tensor.dtype != ir.DataType.STRING and tensor.nbytes >= SMALL


def _size(value: ir.Value) -> int:
    assert value.const_value is not None
    return value.const_value.nbytes


def _place(value: ir.Value, location: str, offset: int) -> ir.ExternalTensor:
    """The stand-in for a weight in the serialized message."""
    import onnx_ir as ir

    tensor = value.const_value
    assert tensor is not None and value.name is not None
    return ir.ExternalTensor(
        location,
        offset,
        tensor.nbytes,
        tensor.dtype,
        shape=ir.Shape(tensor.shape.numpy()),
        name=value.name,
        doc_string=tensor.doc_string,
        metadata_props=dict(tensor.metadata_props),
    )


def _write_data(weights: Sequence[ir.Value], out: Path) -> tuple[Path, list[ir.ExternalTensor]]:
    """Write the weights to a file beside `out`, each tensor once; the file, and where each weight lies in it."""
    offsets: dict[int, int] = {}
    partial = out.with_name(f"{out.stem}.data.partial")
    with open(partial, "w+b") as stream:
        for value in weights:
            if id(value.const_value) not in offsets:
                stream.write(bytes(-stream.tell() % PAGE))
                offsets[id(value.const_value)] = stream.tell()
                _write_tensor(value.const_value, stream)
        stream.seek(0)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    data = partial.rename(out.with_name(f"{out.stem}.{digest[:12]}.data"))
    return data, [_place(value, data.name, offsets[id(value.const_value)]) for value in weights]


def _write_tensor(tensor: ir.TensorProtocol | None, stream: BinaryIO) -> None:
    assert tensor is not None
    start = stream.tell()
    if hasattr(tensor, "tofile"):
        tensor.tofile(stream)
    else:
        stream.write(tensor.tobytes())
    if stream.tell() - start != tensor.nbytes:
        raise InternalError(
            f"tensor {tensor.name!r} wrote {stream.tell() - start} bytes and announced {tensor.nbytes}", where="save"
        )


def _skeleton(model: ir.Model, weights: Sequence[ir.Value], places: Sequence[ir.ExternalTensor]) -> onnx.ModelProto:
    """The model's message with stand-ins for the weights; the model itself is as before."""
    import onnx_ir as ir

    tensors = [value.const_value for value in weights]
    try:
        for value, place in zip(weights, places, strict=True):
            value.const_value = place
        return ir.to_proto(model)
    except (ir.serde.SerdeError, ValueError, TypeError) as error:
        raise ConversionError(
            f"the model cannot be written as ONNX: {str(error).splitlines()[0]}", code="not-serializable", where="save"
        ) from error
    finally:
        for value, tensor in zip(weights, tensors, strict=True):
            value.const_value = tensor


def _write_inline(proto: onnx.ModelProto, tensors: Mapping[str, ir.TensorProtocol], out: Path) -> None:
    """Write the message to `out`, with the bytes of `tensors` (by name) in place of their stand-ins."""
    entries = [(_entry(initializer, tensors), tensors.get(initializer.name)) for initializer in proto.graph.initializer]
    del proto.graph.initializer[:]
    sizes = [len(head) + (0 if tensor is None else tensor.nbytes) for head, tensor in entries]
    length = proto.graph.ByteSize() + sum(sizes)
    if proto.ByteSize() + sum(sizes) > MESSAGE_LIMIT - PAGE:
        raise ConversionError(
            "what is left beside the external data is over 2 GiB, which no ONNX file can hold",
            code="too-large",
            fix="make the large Constant nodes initializers",
        )
    graph = proto.graph.SerializeToString(deterministic=True)
    proto.ClearField("graph")
    with open(out, "wb") as stream:
        stream.write(proto.SerializeToString(deterministic=True))
        stream.write(wire_format.head(_MODEL_GRAPH, length) + graph)
        for head, tensor in entries:
            stream.write(head)
            if tensor is not None:
                _write_tensor(tensor, stream)


def _entry(initializer: onnx.TensorProto, tensors: Mapping[str, ir.TensorProtocol]) -> bytes:
    """An initializer's field in the graph: all of it, or all but the bytes of its `raw_data`."""
    tensor = tensors.get(initializer.name)
    if tensor is None:
        body: bytes = initializer.SerializeToString(deterministic=True)
        return wire_format.head(_GRAPH_INITIALIZER, len(body)) + body
    initializer.ClearField("external_data")
    initializer.ClearField("data_location")
    head: bytes = initializer.SerializeToString(deterministic=True) + wire_format.head(_TENSOR_RAW_DATA, tensor.nbytes)
    return wire_format.head(_GRAPH_INITIALIZER, len(head) + tensor.nbytes) + head

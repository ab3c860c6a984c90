"""Writing a SavedModel: a plain graph with its signature, the same bytes each time.

Large weights never pass through a protobuf message: the graph is serialized without them, and each is appended to
its nodes as protobuf's encoding has it. Peak memory is that of the model's own weights.
Source: saved_model.proto, meta_graph.proto, graph.proto and tensor.proto of TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from mlconvert.errors import ConversionError
from mlconvert_plugins.tfgraph import library
from mlconvert_plugins.tfgraph.conversion import Built
from mlconvert_plugins.tfgraph.lazy import np, tf

# What one protobuf message can hold.
MESSAGE_LIMIT = 2**31 - 1
FILE = "saved_model.pb"
TAG = "serve"
SIGNATURE = "serving_default"
# The method that TensorFlow Serving looks for (its predict API).
_METHOD = "tensorflow/serving/predict"

# Field numbers.
_SAVED_META_GRAPHS, _META_GRAPH, _GRAPH_NODE, _NODE_ATTR = 2, 2, 1, 5
_ENTRY_KEY, _ENTRY_VALUE, _ATTR_TENSOR, _TENSOR_CONTENT = 1, 2, 8, 4


def save(built: Built, folder: Path) -> None:
    """Write the graph to `folder`, which is made. Raises ConversionError (`too-large`) above 2 GiB."""
    used, graph = library.pruned(built)
    heads = [(_head(name, built.weights.arrays[name]), built.weights.arrays[name]) for name in used]
    outer = _meta_graph(built)
    body = graph.SerializeToString(deterministic=True)
    inside = len(body) + sum(len(head) + array.nbytes for head, array in heads)
    meta = _tag(_META_GRAPH, inside)
    whole = _tag(_SAVED_META_GRAPHS, len(outer) + len(meta) + inside)
    if inside + len(outer) > MESSAGE_LIMIT - 2**20:
        raise ConversionError(
            f"the graph with its weights has {inside / 2**30:.1f} GiB, and a SavedModel's graph holds 2",
            code="too-large",
            fix="--weights variables",
        )
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / FILE, "wb") as stream:
        stream.write(b"\x08\x01" + whole + outer + meta + body)
        for head, array in heads:
            stream.write(head)
            _write(array, stream)


def _meta_graph(built: Built) -> bytes:
    """The message around the graph: versions, tags and the signature."""
    from tensorflow.core.protobuf import meta_graph_pb2

    proto = meta_graph_pb2.MetaGraphDef()
    proto.meta_info_def.tags.append(TAG)
    proto.meta_info_def.tensorflow_version = tf.version.VERSION
    proto.meta_info_def.tensorflow_git_version = tf.version.GIT_VERSION
    signature = proto.signature_def[SIGNATURE]
    signature.method_name = _METHOD
    for slots, tensors in ((signature.inputs, built.inputs), (signature.outputs, built.outputs)):
        for name, tensor in tensors.items():
            slots[name].CopyFrom(_info(tensor))
    found: bytes = proto.SerializeToString(deterministic=True)
    return found


def _info(tensor: tf.Tensor) -> Any:
    from tensorflow.core.protobuf import meta_graph_pb2

    info = meta_graph_pb2.TensorInfo(name=tensor.name, dtype=tensor.dtype.as_datatype_enum)
    info.tensor_shape.CopyFrom(tensor.shape.as_proto())
    return info


def _head(name: str, array: np.ndarray) -> bytes:
    """A Const node as a field of its graph, up to the bytes of its content, which end it."""
    from tensorflow.core.framework import node_def_pb2, tensor_pb2

    dtype = tf.dtypes.as_dtype(array.dtype)
    node = node_def_pb2.NodeDef(name=name, op="Const")
    node.attr["dtype"].type = dtype.as_datatype_enum
    tensor = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum, tensor_shape=tf.TensorShape(array.shape).as_proto())
    key = _tag(_ENTRY_KEY, len(b"value")) + b"value"
    head = b""
    for before, field in (
        (tensor.SerializeToString(deterministic=True), _TENSOR_CONTENT),
        (b"", _ATTR_TENSOR),
        (key, _ENTRY_VALUE),
        (node.SerializeToString(deterministic=True), _NODE_ATTR),
        (b"", _GRAPH_NODE),
    ):
        head = before + _tag(field, len(head) + array.nbytes) + head
    return head


def _write(array: np.ndarray, stream: BinaryIO) -> None:
    stream.write(np.ascontiguousarray(array).view(np.uint8).data if array.ndim else array.tobytes())


def _tag(field: int, length: int) -> bytes:
    """A length-delimited field's head (protobuf's encoding guide, wire type 2)."""
    return _varint(field << 3 | 2) + _varint(length)


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def read(folder: Path) -> Any:
    """The SavedModel message of a folder. Raises ConversionError (`broken-file`)."""
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    proto = saved_model_pb2.SavedModel()
    try:
        proto.ParseFromString((folder / FILE).read_bytes())
    except (OSError, DecodeError) as error:
        message = f"{folder.name}/{FILE} is no whole SavedModel"
        raise ConversionError(message, code="broken-file", where=folder.name) from error
    return proto


def signature_of(proto: Any, where: str, tags: tuple[str, ...] = (TAG,)) -> Any:
    """The `serving_default` SignatureDef. Raises ConversionError (`no-signature`) for a SavedModel without one."""
    for meta in _serving(proto, tags):
        if SIGNATURE in meta.signature_def:
            return meta.signature_def[SIGNATURE]
    raise ConversionError(f"it has no signature {SIGNATURE!r} under the tag {TAG!r}", code="no-signature", where=where)


def _serving(proto: Any, tags: tuple[str, ...]) -> Iterator[Any]:
    for meta in proto.meta_graphs:
        if set(meta.meta_info_def.tags) == set(tags):
            yield meta


def slots(signature: Mapping[str, Any]) -> dict[str, Any]:
    """TensorInfos by name, in the order of their names: protobuf's maps have no order of their own."""
    return {name: signature[name] for name in sorted(signature)}

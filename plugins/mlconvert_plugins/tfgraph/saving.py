"""Writing a SavedModel: a plain graph with its signatures, the same bytes each time.

Large weights never pass through a protobuf message: the graph is serialized without them, and each is appended to
its nodes as protobuf's encoding has it. Peak memory is that of the model's own weights.
Source: saved_model.proto, meta_graph.proto, graph.proto and tensor.proto of TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxfile import wire_format
from mlconvert_plugins.tfgraph import library, variables
from mlconvert_plugins.tfgraph.conversion import Built
from mlconvert_plugins.tfgraph.lazy import load, np, tf
from mlconvert_plugins.tfgraph.metagraphs import FILE, TAG
from mlconvert_plugins.tfgraph.signatures import SERVING, Wanted

# What one protobuf message can hold, and what is kept free of it.
_LIMIT = 2**31 - 1 - 2**20
# More than what stands before the bytes of a weight.
_HEAD = 2**10
# The method that TensorFlow Serving looks for (its predict API).
_METHOD = "tensorflow/serving/predict"

# Field numbers.
_SAVED_META_GRAPHS, _META_GRAPH, _GRAPH_NODE, _NODE_ATTR = 2, 2, 1, 5
_ENTRY_KEY, _ENTRY_VALUE, _ATTR_TENSOR, _TENSOR_CONTENT = 1, 2, 8, 4


def save(built: Built, folder: Path, wanted: Wanted, outputs: Iterable[str], *, as_variables: bool = False) -> bool:
    """Write the graph to `folder`, which is made; whether its weights are variables.

    They are where that is asked for, and where one message could not hold them. `wanted` are the outputs of further
    signatures, `outputs` those of `serving_default`. Raises ConversionError (`too-large`) for what does not even
    then fit.
    """
    used, graph = library.pruned(built)
    arrays = {name: built.weights.arrays[name] for name in used}
    meta = _meta_graph(built, graph, {SERVING: tuple(outputs), **wanted})
    size = graph.ByteSize() + meta.ByteSize() + sum(array.nbytes + _HEAD for array in arrays.values())
    become_variables = bool(arrays) and (as_variables or size > _LIMIT)
    folder.mkdir(parents=True, exist_ok=True)
    if become_variables:
        variables.add(graph, arrays, meta)
        variables.write(arrays, folder)
    _write(meta, graph, {} if become_variables else arrays, folder / FILE)
    return become_variables


def _write(meta: Any, graph: Any, arrays: Mapping[str, np.ndarray], file: Path) -> None:
    """The SavedModel message: what is around the graph, the graph, and its large constants."""
    outer, body = (message.SerializeToString(deterministic=True) for message in (meta, graph))
    heads = {name: _head(name, array) for name, array in arrays.items()}
    inside = len(body) + sum(len(heads[name]) + array.nbytes for name, array in arrays.items())
    tag = wire_format.head(_META_GRAPH, inside)
    if inside + len(outer) > _LIMIT:
        message = f"the graph has {inside / 2**30:.1f} GiB without its weights, and a SavedModel's graph holds 2"
        raise ConversionError(message, code="too-large", fix="keep large tensors out of the bodies of loops")
    whole = wire_format.head(_SAVED_META_GRAPHS, len(outer) + len(tag) + inside)
    with open(file, "wb") as stream:
        stream.write(b"\x08\x01" + whole + outer + tag + body)
        for name, array in arrays.items():
            stream.write(heads[name])
            _write_content(array, stream)


def _meta_graph(built: Built, graph: Any, signatures: Wanted) -> Any:
    """The message around the graph: versions, tags and signatures."""
    proto = load("tensorflow.core.protobuf.meta_graph_pb2").MetaGraphDef()
    proto.meta_info_def.tags.append(TAG)
    proto.meta_info_def.tensorflow_version = tf.version.VERSION
    proto.meta_info_def.tensorflow_git_version = tf.version.GIT_VERSION
    for name, outputs in signatures.items():
        signature = proto.signature_def[name]
        signature.method_name = _METHOD
        made = {output: built.outputs[output] for output in outputs}
        for output, tensor in made.items():
            signature.outputs[output].CopyFrom(_info(tensor))
        # A further signature asks for no input that its outputs can do without.
        needed = library.needed(graph, [tensor.op.name for tensor in made.values()])
        for given, tensor in built.inputs.items():
            if name == SERVING or tensor.op.name in needed:
                signature.inputs[given].CopyFrom(_info(tensor))
    return proto


def _info(tensor: tf.Tensor) -> Any:
    protos = load("tensorflow.core.protobuf.meta_graph_pb2")
    info = protos.TensorInfo(name=tensor.name, dtype=tensor.dtype.as_datatype_enum)
    info.tensor_shape.CopyFrom(tensor.shape.as_proto())
    return info


def _head(name: str, array: np.ndarray) -> bytes:
    """A Const node as a field of its graph, up to the bytes of its content, which end it."""
    nodes, tensors = (load(f"tensorflow.core.framework.{name}_pb2") for name in ("node_def", "tensor"))
    dtype = tf.dtypes.as_dtype(array.dtype)
    node = nodes.NodeDef(name=name, op="Const")
    node.attr["dtype"].type = dtype.as_datatype_enum
    tensor = tensors.TensorProto(dtype=dtype.as_datatype_enum, tensor_shape=tf.TensorShape(array.shape).as_proto())
    key = wire_format.head(_ENTRY_KEY, len(b"value")) + b"value"
    head = b""
    for before, field in (
        (tensor.SerializeToString(deterministic=True), _TENSOR_CONTENT),
        (b"", _ATTR_TENSOR),
        (key, _ENTRY_VALUE),
        (node.SerializeToString(deterministic=True), _NODE_ATTR),
        (b"", _GRAPH_NODE),
    ):
        head = before + wire_format.head(field, len(head) + array.nbytes) + head
    return head


def _write_content(array: np.ndarray, stream: BinaryIO) -> None:
    stream.write(np.ascontiguousarray(array).view(np.uint8).data if array.ndim else array.tobytes())

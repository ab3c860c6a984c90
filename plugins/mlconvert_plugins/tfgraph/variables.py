"""Weights as variables: their values in a checkpoint beside the graph, which may then hold more than 2 GiB of them.

Source: SaverDef in TensorFlow's saver.proto, and how its loaders of SavedModels in C++ and Python restore by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mlconvert_plugins.tfgraph.lazy import load, np, tf

# The files' names as TensorFlow's loaders look for them.
FOLDER = PREFIX = "variables"
# Arrays are copied on their way to the checkpoint, so many bytes of them at a time.
_AT_ONCE = 2**28


def add(graph: Any, arrays: Mapping[str, np.ndarray], meta: Any) -> None:
    """Add a variable for each array to a GraphDef, read under the array's name, and to its MetaGraphDef what
    restores them.
    """
    saver, variable = load("tensorflow.core.protobuf.saver_pb2"), load("tensorflow.core.framework.variable_pb2")
    scope = _unused("restoring", [node.name for node in graph.node])
    with tf.Graph().as_default() as made:
        filename = tf.compat.v1.placeholder(tf.string, [], name=f"{scope}/filename")
        handles = {name: _handle(scope, name, array) for name, array in arrays.items()}
        values = tf.raw_ops.RestoreV2(
            prefix=filename,
            tensor_names=list(arrays),
            shape_and_slices=[""] * len(arrays),
            dtypes=[handle_dtype(array) for array in arrays.values()],
            name=f"{scope}/values",
        )
        assigned = [
            tf.raw_ops.AssignVariableOp(resource=handle, value=value, name=f"{scope}/assign/{name}")
            for (name, handle), value in zip(handles.items(), values, strict=True)
        ]
        for name, handle in handles.items():
            tf.raw_ops.ReadVariableOp(resource=handle, dtype=handle_dtype(arrays[name]), name=name)
        with tf.control_dependencies(assigned):
            done = tf.no_op(name=f"{scope}/all")
    graph.node.extend(made.as_graph_def().node)
    meta.saver_def.CopyFrom(
        saver.SaverDef(
            filename_tensor_name=filename.name,
            save_tensor_name=filename.name,  # which has to be there: nothing saves this graph
            restore_op_name=done.name,
            version=saver.SaverDef.V2,
        )
    )
    # So that `tf.saved_model.load` knows of them.
    listed = meta.collection_def["variables"].bytes_list.value
    for (name, handle), assignment in zip(handles.items(), assigned, strict=True):
        definition = variable.VariableDef(
            variable_name=handle.name, initializer_name=assignment.name, snapshot_name=f"{name}:0", is_resource=True
        )
        listed.append(definition.SerializeToString(deterministic=True))


def handle_dtype(array: np.ndarray) -> tf.DType:
    """TensorFlow's type of an array's elements."""
    return tf.dtypes.as_dtype(array.dtype)


def _handle(scope: str, name: str, array: np.ndarray) -> tf.Tensor:
    return tf.raw_ops.VarHandleOp(
        dtype=handle_dtype(array), shape=array.shape, shared_name=name, name=f"{scope}/variable/{name}"
    )


def _unused(word: str, names: Iterable[str]) -> str:
    """The word, lengthened until no name lies below it."""
    firsts = {name.partition("/")[0] for name in names}
    while word in firsts:
        word += "_"
    return word


def write(arrays: Mapping[str, np.ndarray], folder: Path) -> None:
    """Write the checkpoint below a SavedModel's folder. Memory is that of a few arrays beside the given ones."""
    place = folder / FOLDER
    place.mkdir(parents=True)
    parts = []
    for number, names in enumerate(_batches(arrays)):
        parts.append(str(place / f"part-{number}"))
        tensors = [tf.constant(arrays[name], handle_dtype(arrays[name])) for name in names]
        tf.raw_ops.SaveV2(prefix=parts[-1], tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors)
        del tensors
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=parts, destination_prefix=str(place / PREFIX), delete_old_dirs=False
    )


def _batches(arrays: Mapping[str, np.ndarray]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for name, array in arrays.items():
        if batch and size + array.nbytes > _AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append(name)
        size += array.nbytes
    yield batch

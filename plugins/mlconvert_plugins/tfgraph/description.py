"""What a SavedModel says about itself."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from mlconvert.signature import Signature, Tensor
from mlconvert_plugins.tfgraph import saving
from mlconvert_plugins.tfgraph.lazy import tf


def signature_of(definition: Any) -> Signature:
    """A SignatureDef's inputs and outputs."""
    return Signature(inputs=_tensors(definition.inputs), outputs=_tensors(definition.outputs))


def _tensors(slots: Any) -> tuple[Tensor, ...]:
    return tuple(_tensor(name, info) for name, info in saving.slots(slots).items())


def _tensor(name: str, info: Any) -> Tensor:
    sizes = tuple(dim.size if dim.size >= 0 else None for dim in info.tensor_shape.dim)
    return Tensor(name, tf.dtypes.as_dtype(info.dtype).name, sizes)


def describe(path: Path) -> dict[str, Any]:
    """The version of TensorFlow that wrote it, its tags and signatures, and how often each operator is in it."""
    proto = saving.read(path)
    operators: Counter[str] = Counter()
    for meta in proto.meta_graphs:
        operators.update(node.op for node in meta.graph_def.node)
        for function in meta.graph_def.library.function:
            operators.update(node.op for node in function.node_def)
    return {
        "tensorflow": [meta.meta_info_def.tensorflow_version for meta in proto.meta_graphs],
        "tags": [list(meta.meta_info_def.tags) for meta in proto.meta_graphs],
        "signatures": sorted(name for meta in proto.meta_graphs for name in meta.signature_def),
        "operators": dict(operators.most_common()),
    }

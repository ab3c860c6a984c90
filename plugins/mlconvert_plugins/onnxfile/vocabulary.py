"""Which values the ids that a graph takes may have: the rows of the table that a Gather looks them up in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mlconvert.signature import Signature

if TYPE_CHECKING:
    import onnx

# What hands values on as they are, of its first input.
_SAME = frozenset(["Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"])
_SAME_ROWS = frozenset(["Cast", "DequantizeLinear", "Identity"])


def bounded(signature: Signature, graph: onnx.GraphProto) -> Signature:
    """The signature with a range for each integer input that is looked up in a table: 0 to its rows - 1."""
    found = {
        tensor.name: rows
        for tensor in signature.inputs
        if "int" in tensor.dtype and (rows := min(_rows(tensor.name, graph), default=0))
    }
    return replace(
        signature,
        inputs=tuple(replace(t, range=(0, found[t.name] - 1)) if t.name in found else t for t in signature.inputs),
    )


def _rows(name: str, graph: onnx.GraphProto) -> Iterator[int]:
    """The rows of every table that the input's values are looked up in along its first axis."""
    tables = {tensor.name: tensor.dims[0] for tensor in graph.initializer if tensor.dims}
    ids = {name}
    for node in graph.node:
        first = node.input[0] if node.input else ""
        if node.op_type == "Constant":
            tables.update(
                (node.output[0], one.t.dims[0]) for one in node.attribute if one.name == "value" and one.t.dims
            )
        elif node.op_type == "Gather" and node.input[1] in ids and first in tables and _axis(node) == 0:
            yield tables[first]
        elif node.op_type in _SAME and first in ids:
            ids |= set(node.output)
        if node.op_type in _SAME_ROWS and first in tables:
            tables[node.output[0]] = tables[first]


def _axis(node: onnx.NodeProto) -> int:
    return next((one.i for one in node.attribute if one.name == "axis"), 0)

"""What `inspect` shows of an ONNX file beside its signature: versions, sizes, operators, and what stands out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxfile.audit import domain_of, newest_opsets, nodes
from mlconvert_plugins.onnxfile.external import bytes_of, check_external, is_external
from mlconvert_plugins.onnxfile.opening import open_proto
from mlconvert_plugins.onnxfile.signature import free_inputs
from mlconvert_plugins.onnxfile.wiring import name_of

if TYPE_CHECKING:
    import numpy as np
    import onnx

_INT32 = range(-(2**31), 2**31)
_SINGLE_FILE = 2**31 - 1
_SHOWN = 3


def describe(path: Path) -> dict[str, Any]:
    """The description as JSON values; sizes in bytes. Raises ConversionError as `open_proto` does."""
    proto = open_proto(path)
    weights = initializers(proto.graph)
    operators = Counter(_operator(node) for node in nodes(proto))
    return {
        "ir_version": proto.ir_version,
        "opsets": {domain_of(entry.domain) or "ai.onnx": entry.version for entry in proto.opset_import},
        "producer": f"{proto.producer_name} {proto.producer_version}".strip(),
        "nodes": sum(operators.values()),
        "operators": dict(sorted(operators.items(), key=lambda item: (-item[1], item[0]))),
        "functions": len(proto.functions),
        "parameters": sum(math.prod(tensor.dims) for tensor in weights),
        "parameter_bytes": sum(_nbytes(tensor) for tensor in weights),
        "external_data": {
            data.relative_to(path.parent).as_posix(): data.stat().st_size for data in check_external(proto, path.parent)
        },
        "notes": list(_notes(proto, path.parent)),
    }


def initializers(graph: onnx.GraphProto) -> list[onnx.TensorProto]:
    """The initializers of a graph and of its subgraphs."""
    found = list(graph.initializer)
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs]:
                found += initializers(inner)
    return found


def _operator(node: onnx.NodeProto) -> str:
    domain = domain_of(node.domain)
    return f"{domain}::{node.op_type}" if domain else node.op_type


def _nbytes(tensor: onnx.TensorProto) -> int:
    return bytes_of(tensor) or sum(len(text) for text in tensor.string_data)


def _notes(proto: onnx.ModelProto, folder: Path) -> Iterator[str]:
    yield from _weight_notes(proto, folder)
    yield from _batch_notes(proto.graph)
    yield from _operator_notes(proto)


def _weight_notes(proto: onnx.ModelProto, folder: Path) -> Iterator[str]:
    weights = initializers(proto.graph)
    size = sum(_nbytes(tensor) for tensor in weights)
    if size > _SINGLE_FILE:
        yield f"weights of {size / 2**30:.1f} GiB: they only fit into external data"
    slicing = _only_slicing(proto)
    integers = [tensor for tensor in weights if tensor.data_type == tensor.INT64 and tensor.name not in slicing]
    beyond = [tensor.name for tensor in integers if _beyond_int32(tensor, folder)]
    if beyond:
        yield f"INT64 values beyond INT32 in {_some(beyond)}: a target without INT64 would clamp them"
    used = {name for node in nodes(proto) for name in node.input} | {value.name for value in proto.graph.output}
    unused = [tensor.name for tensor in weights if tensor.name not in used]
    if unused:
        yield f"unused initializers: {_some(unused)}"


def _only_slicing(proto: onnx.ModelProto) -> set[str]:
    """Names that serve as Slice's starts and ends alone, where the largest number stands for the end of a dim."""
    slicing: set[str] = set()
    other: set[str] = set()
    for node in nodes(proto):
        bounds = set(node.input[1:3]) if node.op_type == "Slice" else set()
        slicing |= bounds
        other |= set(node.input) - bounds
    return slicing - other


def _beyond_int32(tensor: onnx.TensorProto, folder: Path) -> bool:
    values = array_of(tensor, folder)
    return bool(values.size) and not (int(values.min()) in _INT32 and int(values.max()) in _INT32)


def array_of(tensor: onnx.TensorProto, folder: Path) -> np.ndarray:
    """The values of a tensor, from its message or from the (checked) external data in `folder`."""
    import onnx_ir as ir

    try:
        return ir.serde.deserialize_tensor(tensor, str(folder.absolute())).numpy()
    except (ValueError, TypeError) as error:
        name = tensor.name
        message = f"tensor {name!r} does not hold what its dtype and shape ask for"
        raise ConversionError(message, code="invalid-model", where=name, fix="export the model again") from error


def _batch_notes(graph: onnx.GraphProto) -> Iterator[str]:
    shapes = {value.name: value.type.tensor_type.shape.dim for value in free_inputs(graph)}
    fixed = [name for name, dims in shapes.items() if dims and dims[0].dim_value > 0]
    dynamic = any(not dim.HasField("dim_value") for dims in shapes.values() for dim in dims)
    if fixed and not dynamic:
        first = shapes[fixed[0]][0].dim_value
        yield f"all dims of the inputs are fixed: the first one of {fixed[0]!r} is {first}"
    elif fixed:
        yield f"the first dim of {_some(fixed)} is fixed, others are dynamic"
    baked = list(_baked_reshapes(graph)) if dynamic else []
    if baked:
        yield f"fully fixed target shapes may bake the batch in: {_some(baked)}"


def _baked_reshapes(graph: onnx.GraphProto) -> Iterator[str]:
    """Reshape nodes on computed values whose target shape is all positive numbers."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Reshape" and len(node.input) == 2 and node.input[0] not in constants:
            shape = constants.get(node.input[1])
            if shape is not None and not is_external(shape) and _all_positive(shape):
                yield name_of(node)


def _all_positive(shape: onnx.TensorProto) -> bool:
    values = array_of(shape, Path())
    return values.size > 0 and int(values.min()) > 0


def _operator_notes(proto: onnx.ModelProto) -> Iterator[str]:
    own = {domain_of(function.domain) for function in proto.functions}
    foreign = {domain_of(node.domain) for node in nodes(proto)} - newest_opsets().keys() - own
    if foreign:
        yield f"operators of {_some(sorted(foreign))}: they are not ONNX's own"
    control = Counter(node.op_type for node in nodes(proto) if node.op_type in ("If", "Loop", "Scan"))
    if control:
        yield "control flow: " + ", ".join(f"{count} {name}" for name, count in sorted(control.items()))


def _some(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    shown = ", ".join(name[:80] for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"

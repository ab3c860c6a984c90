"""How the same node differs in two ONNX files: its operator, its attributes, its weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlconvert_plugins.onnxfile.external import is_external
from mlconvert_plugins.onnxfile.intermediate import OnnxFile

if TYPE_CHECKING:
    import numpy as np
    import onnx


def differences(node: onnx.NodeProto, source: OnnxFile, artifact: OnnxFile) -> Iterator[str]:
    """What is not as in the source, in words; nothing where the artifact makes the tensor in another way."""
    other = artifact.graph.makers.get(next(filter(None, node.output)))
    if other is None:
        return
    if other.op_type != node.op_type:
        yield f"the artifact has a {other.op_type} there"
        return
    own, its = _attributes(node), _attributes(other)
    for name in sorted(own.keys() | its.keys()):
        if own.get(name) != its.get(name):
            yield f"{name} is {_shown(its, name)} and not {_shown(own, name)}"
    for name, given in zip(node.input, other.input, strict=False):
        if name in source.graph.weights and given in artifact.graph.weights:
            yield from _weights(name, _array(source, name), _array(artifact, given))


def _attributes(node: onnx.NodeProto) -> dict[str, bytes]:
    return {attribute.name: attribute.SerializeToString(deterministic=True) for attribute in node.attribute}


def _shown(attributes: dict[str, bytes], name: str) -> str:
    import onnx

    if name not in attributes:
        return "left out"
    attribute = onnx.AttributeProto.FromString(attributes[name])
    value: Any = onnx.helper.get_attribute_value(attribute)
    plain = isinstance(value, (int, float, bytes, list))
    return (f"{value:g}" if isinstance(value, float) else str(value)) if plain else "another"


def _array(side: OnnxFile, name: str) -> np.ndarray:
    from onnx import numpy_helper

    tensor = side.graph.weights[name]
    return numpy_helper.to_array(tensor, str(side.folder) if is_external(tensor) else "")


def _weights(name: str, expected: np.ndarray, got: np.ndarray) -> Iterator[str]:
    import numpy as np

    if expected.shape != got.shape:
        yield f"{name} has the shape {list(got.shape)} and not {list(expected.shape)}"
        return
    with np.errstate(over="ignore"):
        rounded = expected.astype(got.dtype)
    wrong = int(np.count_nonzero((rounded != got) & ~((rounded != rounded) & (got != got))))
    if wrong:
        yield f"{wrong} of the {expected.size} elements of {name} are not the source's"

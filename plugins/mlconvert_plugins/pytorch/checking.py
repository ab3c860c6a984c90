"""Whether a written ONNX file carries its signature, and whether what it declares dynamic really is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, Refusal
from mlconvert.probes import draw_tensor
from mlconvert.signature import Dim, Signature, Tensor
from mlconvert.stage import Context
from mlconvert.text import for_terminal
from mlconvert_plugins.onnxfile.notes import module_path
from mlconvert_plugins.pytorch.fitting import example_sizes, other_sizes
from mlconvert_plugins.pytorch.graphs import EXPORTER

if TYPE_CHECKING:
    import onnx


def problems(artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
    """What is wrong with the file. Raises ConversionError for one that is no valid ONNX."""
    from mlconvert_plugins.onnxfile.audit import validate

    proto = validate(artifact.path)
    yield from _differences("input", artifact.signature.inputs, proto.graph.input)
    yield from _differences("output", artifact.signature.outputs, proto.graph.output)
    exporter = {entry.key: entry.value for entry in proto.metadata_props}.get(EXPORTER)
    # torch.export proves that its dims are dynamic; the old exporter writes whatever number it saw.
    if exporter == "torchscript":
        yield from _at_other_sizes(artifact, proto)


def _differences(what: str, declared: Sequence[Tensor], values: Iterable[onnx.ValueInfoProto]) -> Iterator[Refusal]:
    from mlconvert_plugins.onnxfile.signature import DTYPES

    found = [
        Tensor(value.name, DTYPES[value.type.tensor_type.elem_type], tuple(map(_dim, value.type.tensor_type.shape.dim)))
        for value in values
    ]
    names = [tensor.name for tensor in declared], [tensor.name for tensor in found]
    if names[0] != names[1]:
        yield Refusal("signature-changed", for_terminal(f"the file's {what}s are {names[1]}, not {names[0]}"))
        return
    for own, other in zip(declared, found, strict=True):
        if (own.dtype, own.shape) != (other.dtype, other.shape):
            text = f"{what} {own.name} is {other} in the file, and should be {own}"
            yield Refusal("signature-changed", for_terminal(text), own.name)


def _dim(entry: onnx.TensorShapeProto.Dimension) -> Dim:
    return entry.dim_value if entry.HasField("dim_value") else entry.dim_param or None


def _at_other_sizes(artifact: Artifact, proto: onnx.ModelProto) -> Iterator[Refusal]:
    """Run the file where no dim has the size that it was traced with."""
    import numpy as np

    from mlconvert_plugins.onnxfile import session

    signature: Signature = artifact.signature
    sizes = other_sizes(signature, example_sizes(signature))
    generator = np.random.default_rng(0)
    inputs = {tensor.name: draw_tensor(tensor, sizes, generator) for tensor in signature.inputs}
    try:
        session.run(session.create(artifact.path), [tensor.name for tensor in signature.outputs], inputs)
    except ConversionError as error:
        refused = baked_in(proto, error, sizes)
        yield Refusal(refused.code, refused.message, refused.where, refused.fix)


def baked_in(proto: onnx.ModelProto, error: ConversionError, sizes: Mapping[str, int]) -> ConversionError:
    """The refusal for a graph that runs at one size and not at `sizes`, where onnxruntime raised `error`."""
    at = ", ".join(f"{name}={size}" for name, size in sizes.items())
    module = _module_of(proto, error.where)
    return ConversionError(
        f"a dim that is declared dynamic has a fixed size inside of the graph: at {at}, {error.message}",
        code="dim-baked-in",
        where=for_terminal(" in ".join(part for part in (error.where, module) if part)),
        fix="give that dim a size instead of a name, or export the model with torch.export.export and convert the .pt2",
    )


def _module_of(proto: onnx.ModelProto, where: str) -> str:
    """The torch module of the node that onnxruntime named (`Reshape node 'name'`)."""
    named = (node for node in proto.graph.node if node.name and f"'{node.name}'" in where)
    return next((module_path({note.key: note.value for note in node.metadata_props}) for node in named), "")

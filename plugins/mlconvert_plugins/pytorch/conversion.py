"""One conversion from a PyTorch file to ONNX: open, export, name, write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert.signature import Signature, Tensor
from mlconvert.stage import Context, Outcome
from mlconvert_plugins.pytorch import exporting, graphs, scripts
from mlconvert_plugins.pytorch.fitting import fitted, settled
from mlconvert_plugins.pytorch.loading import load
from mlconvert_plugins.pytorch.programs import Program, named
from mlconvert_plugins.pytorch.quiet import quiet
from mlconvert_plugins.pytorch.signatures import vocabulary

if TYPE_CHECKING:
    import onnx_ir as ir


def convert(artifact: Artifact, opset: int | None, out: Path, ctx: Context) -> Outcome:
    """Write the artifact's model to `out` as ONNX. Raises ConversionError for what cannot be exported."""
    from mlconvert_plugins.onnxfile.saving import save

    ctx.progress("opening the model")
    model: Any = load(artifact, trust=ctx.trust)
    signature = settled(artifact.signature)
    ctx.progress("exporting")
    with quiet():
        if artifact.flavour == "torchscript":
            graph, signature = scripts.translate(model, signature, opset, ctx)
        else:
            graph, signature = _through_program(program_of(model, signature), signature, opset)
        ctx.progress("writing")
        save(graph, out)
    return Outcome(graphs.signature_in(graph, signature), _facts(graph))


def program_of(model: Any, signature: Signature) -> Program:
    """The exported program of a model that is one, or is a module."""
    from torch.export import ExportedProgram

    return named(model) if isinstance(model, ExportedProgram) else exporting.exported(model, signature)


def _through_program(program: Program, signature: Signature, opset: int | None) -> tuple[ir.Model, Signature]:
    renaming = fitted(program, signature)
    graph = graphs.translate(program, opset)
    graphs.finish(graph, program.inputs, program.outputs, renaming, "dynamo")
    return graph, replace(signature, inputs=tuple(_ordered(program, signature)))


def _ordered(program: Program, signature: Signature) -> list[Tensor]:
    """The inputs in the program's order, and the values of what is looked up in an embedding."""
    declared = {tensor.name: tensor for tensor in signature.inputs}
    return [
        declared[name] if declared[name].range else replace(declared[name], range=vocabulary(node))
        for name, node in program.input_nodes().items()
    ]


def _facts(graph: ir.Model) -> dict[str, Any]:
    nodes = list(graph.graph.all_nodes())
    return {
        "exporter": graph.metadata_props[graphs.EXPORTER],
        "opset": graph.opset_imports.get("", 0),
        "ir_version": graph.ir_version,
        "nodes": len(nodes),
        "initializers": len(graph.graph.initializers),
    }

"""The exporter's ONNX graph with the signature's names and dims on it, and without what differs from run to run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError, refuse
from mlconvert.signature import Dim, Signature, Tensor
from mlconvert.text import for_terminal
from mlconvert_plugins.onnxfile import notes
from mlconvert_plugins.pytorch import soundness
from mlconvert_plugins.pytorch.dims import Renaming, readable
from mlconvert_plugins.pytorch.failures import translated
from mlconvert_plugins.pytorch.programs import Program

if TYPE_CHECKING:
    import onnx_ir as ir

# The exporter's notes on where a node came from; the others hold paths of this machine, or repeat these.
_KEPT = (notes.SCOPES, notes.CLASSES, notes.FX_NODE, notes.LINE)
# Which of torch's exporters wrote the file; a note of ours.
EXPORTER = "mlconvert.exporter"


def translate(program: Program, opset: int | None) -> ir.Model:
    """The program in ONNX, by torch's exporter with its own optimizations. Raises ConversionError."""
    import torch

    refuse(soundness.training(program.exported))
    try:
        made = torch.onnx.export(program.exported, dynamo=True, opset_version=opset, verbose=False)
    except Exception as error:  # the exporter raises errors of many types, and wraps what its parts raise
        raise translated(error, "torch's ONNX exporter") from error
    assert made is not None and made.exported_program is not None
    refuse(soundness.writing(made.exported_program))
    _check_opset(made.model, opset)
    return made.model


def _check_opset(model: ir.Model, opset: int | None) -> None:
    """The exporter keeps its own opset, without an error, where it cannot write the one asked for."""
    written = model.opset_imports.get("")
    if opset is not None and written != opset:
        raise ConversionError(
            f"torch's exporter cannot write this model at opset {opset}; it wrote {written}",
            code="unsupported-opset",
            where="opset",
            fix=f"ask for opset {written}, or leave it out",
        )


def finish(model: ir.Model, inputs: Sequence[str], outputs: Sequence[str], renaming: Renaming, exporter: str) -> None:
    """Name inputs and outputs, call dims as `renaming` says, and leave notes that are the same in every run.

    Raises ConversionError where the graph has other inputs or outputs than the model.
    """
    graph = model.graph
    for what, values, names in (("inputs", graph.inputs, inputs), ("outputs", graph.outputs, outputs)):
        if len(values) != len(names):
            found = for_terminal(", ".join(str(value.name) for value in values))
            raise ConversionError(
                f"the model has the {what} {for_terminal(', '.join(names))}, and torch's exporter wrote: {found}",
                code=f"lost-{what}",
                fix=f"remove {what} that are not used, or not computed, from the model",
            )
    _rename(graph, [*graph.inputs, *graph.outputs], [*inputs, *outputs])
    for value in _values(model):
        _name_dims(value, renaming)
    _clean(model)
    model.metadata_props[EXPORTER] = exporter


def _rename(graph: ir.Graph, values: Sequence[ir.Value], names: Sequence[str]) -> None:
    """Give values their names; another value that had one makes way."""
    wanted, renamed = set(names), {id(value) for value in values}
    taken = wanted | {str(value.name) for value in _in_graph(graph)}
    for value in list(_in_graph(graph)):
        if value.name in wanted and id(value) not in renamed:
            value.name = _free(value.name, taken)
    for number, value in enumerate(values):  # by way of names that nobody has, since they may be exchanged
        value.name = f"\0{number}"
    for value, name in zip(values, names, strict=True):
        value.name = name


def _free(name: str, taken: set[str]) -> str:
    free = next(f"{name}_{count}" for count in range(1, len(taken) + 2) if f"{name}_{count}" not in taken)
    taken.add(free)
    return free


def _values(model: ir.Model) -> Iterator[ir.Value]:
    for graph in model.graphs():
        yield from _in_graph(graph)


def _in_graph(graph: ir.Graph) -> Iterator[ir.Value]:
    yield from graph.inputs
    yield from graph.initializers.values()
    for node in graph.all_nodes():
        yield from node.outputs


def _name_dims(value: ir.Value, renaming: Renaming) -> None:
    import onnx_ir as ir

    if value.shape is None:
        return
    dims = [dim if isinstance(dim, int) else readable(dim.value or "", renaming) for dim in value.shape]
    value.shape = ir.Shape(dims)


def _clean(model: ir.Model) -> None:
    model.doc_string = model.graph.doc_string = None
    for graph in model.graphs():
        graph.metadata_props.clear()
        for node in graph:
            node.doc_string = None
            line = notes.source_line(node.metadata_props)
            if line:
                node.metadata_props[notes.LINE] = line
            _keep(node.metadata_props, _KEPT)
    for value in _values(model):
        value.doc_string = None
        value.metadata_props.clear()


def _keep(held: Any, names: Sequence[str]) -> None:
    for name in [name for name in held if name not in names]:
        del held[name]


def signature_in(model: ir.Model, signature: Signature) -> Signature:
    """The signature with the outputs that the finished graph has."""
    outputs = tuple(
        Tensor(str(value.name), _dtype(value), tuple(_dim(dim) for dim in value.shape or ()))
        for value in model.graph.outputs
    )
    return Signature(signature.inputs, outputs, signature.dims)


def _dtype(value: ir.Value) -> str:
    from mlconvert_plugins.onnxfile.signature import DTYPES

    assert value.dtype is not None
    return DTYPES[int(value.dtype)]


def _dim(dim: Any) -> Dim:
    return dim if isinstance(dim, int) else dim.value

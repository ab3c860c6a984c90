"""Finding the first ONNX node whose value is not torch's: the exporter names values after the program's nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.stage import Context, Suspect, Tolerance
from mlconvert_plugins.pytorch import conversion, scripts
from mlconvert_plugins.pytorch.arrays import to_array, to_tensor
from mlconvert_plugins.pytorch.fitting import settled
from mlconvert_plugins.pytorch.graphs import fx_name, module_path
from mlconvert_plugins.pytorch.loading import load
from mlconvert_plugins.pytorch.programs import Program
from mlconvert_plugins.pytorch.quiet import quiet

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch.export import ExportedProgram


@dataclass(frozen=True)
class _Pair:
    """A value of the ONNX graph, and the node of the program that computes the same."""

    value: str
    fx: str
    node: str
    op: str
    module: str
    weights: tuple[str, ...]


def first_bad(
    source: Artifact, artifact: Artifact, inputs: Mapping[str, np.ndarray], ctx: Context, tolerance: Tolerance
) -> Suspect | None:
    """The first node that leaves the tolerance on `inputs`, in the graph's order; None where none can be told."""
    from mlconvert_plugins.onnxfile import intermediate

    with quiet():
        program = _program(source, ctx)
        if program is None:
            return None
        wanted = _values(program, inputs)
    pairs = {pair.value: pair for pair in _pairs(artifact, wanted)}
    for name, found in intermediate.stream(artifact.path, list(pairs), inputs):
        pair = pairs[name]
        apart = _apart(to_array(wanted[pair.fx]), found, tolerance)
        if apart is not None:
            # A batch norm that was folded into its convolution leaves the norm's path and the convolution's weights.
            note = f"its weights: {', '.join(pair.weights)}" if pair.weights else ""
            return Suspect(pair.node, pair.op, pair.module, apart, note)
    return None


def _program(source: Artifact, ctx: Context) -> Program | None:
    """The program that was translated, decomposed as the exporter did; None for a script that has none."""
    import torch

    model: Any = load(source, trust=ctx.trust)
    signature = settled(source.signature)
    if source.flavour == "torchscript":
        try:
            program = scripts.program_of(model, scripts.in_order(model, signature))
        except ConversionError:
            return None
    else:
        program = conversion.program_of(model, signature)
    made = torch.onnx.export(program.exported, dynamo=True, verbose=False)
    assert made is not None and made.exported_program is not None
    return Program(made.exported_program, program.inputs, program.outputs)


def _values(program: Program, inputs: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """The value of every node of the program, by the node's name."""
    import torch

    found: dict[str, torch.Tensor] = {}

    class Recorder(torch.fx.Interpreter):
        def run_node(self, n: torch.fx.Node) -> Any:
            value = super().run_node(n)
            if isinstance(value, torch.Tensor) and n.op != "placeholder":
                found[n.name] = value
            return value

    given = {node.name: to_tensor(inputs[name]) for name, node in program.input_nodes().items()}
    with torch.no_grad():
        Recorder(program.exported.graph_module).run(*_arguments(program.exported, given))
    return found


def _arguments(exported: ExportedProgram, given: Mapping[str, torch.Tensor]) -> Iterator[Any]:
    """What the placeholders of a program's flat graph stand for."""
    from torch.export.graph_signature import InputKind

    for spec in exported.graph_signature.input_specs:
        if spec.kind == InputKind.USER_INPUT:
            yield given.get(spec.arg.name, getattr(spec.arg, "value", None))
        elif spec.target in exported.state_dict:
            yield exported.state_dict[spec.target]
        else:
            yield exported.constants[spec.target]


def _pairs(artifact: Artifact, values: Mapping[str, Any]) -> Iterator[_Pair]:
    """In the graph's order. An output was renamed, so its node's note tells where it came from."""
    from mlconvert_plugins.onnxfile.opening import open_model

    graph = open_model(artifact.path).graph
    outputs = set(graph.outputs)
    for node in graph:
        for value in node.outputs:
            fx = fx_name(node.metadata_props) if value in outputs else str(value.name)
            if fx in values:
                weights = tuple(
                    str(given.name) for given in node.inputs if given is not None and given.is_initializer()
                )
                yield _Pair(
                    str(value.name), fx, str(node.name), node.op_type, module_path(node.metadata_props), weights
                )


def _apart(want: np.ndarray, found: np.ndarray, tolerance: Tolerance) -> float | None:
    """The largest difference where one is beyond the tolerance, else None."""
    import numpy as np

    if want.shape != found.shape or want.size == 0:
        return None
    expected, got = want.astype(np.float64), found.astype(np.float64)
    scale = float(np.sqrt(np.mean(np.square(expected[np.isfinite(expected)])))) if np.isfinite(expected).any() else 0.0
    with np.errstate(invalid="ignore"):
        difference = np.abs(expected - got)
        allowed = tolerance.rtol * np.abs(expected) + tolerance.rms * scale
        bad = (difference > allowed) | (np.isnan(expected) != np.isnan(got))
    return float(np.nanmax(difference)) if bad.any() else None

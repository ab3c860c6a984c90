"""The pass `simplify`: the same network in fewer nodes. Constants are folded, dead and repeated nodes dropped.

It is onnxscript's optimizer, the one behind torch's own exporter. It keeps dynamic dims, names, the opset and the
nodes' metadata, which say which torch module a node came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, Refusal
from mlconvert.host import Host
from mlconvert.stage import Context, Help, Outcome, Stage, Suspect, Tolerance

if TYPE_CHECKING:
    import onnx_ir as ir

_FIX_BOUND = "give 0 to fold nothing, or leave it out"
_FIX = "convert without --pass simplify"


@dataclass(frozen=True)
class SimplifyOptions:
    """The options of `onnx2onnx.simplify`."""

    max_constant: Annotated[int, Help("the most elements that a folded constant may read or hold", metavar="N")] = 2**18


class Onnx2OnnxSimplify(Stage):
    """onnx → onnx with fewer nodes."""

    name = "onnx2onnx.simplify"
    source = "onnx"
    target = "onnx"
    licence = "Apache-2.0"
    requirements = ("onnx>=1.19", "onnx-ir>=0.1.12", "onnxscript>=0.5", "onnxruntime>=1.22", "ml-dtypes>=0.5")
    Options = SimplifyOptions

    def available(self, options: SimplifyOptions, host: Host) -> Iterable[Refusal]:
        """A bound that can be kept."""
        if options.max_constant < 0:
            yield Refusal("bad-option", "a constant cannot have less than 0 elements", "max_constant", _FIX_BOUND)

    def requires(self, artifact: Artifact, options: SimplifyOptions, ctx: Context) -> Iterable[Refusal]:
        """A valid model; raises ConversionError for another."""
        from mlconvert_plugins.onnxfile.audit import validate

        validate(artifact.path)
        return ()

    def convert(self, artifact: Artifact, options: SimplifyOptions, out: Path, ctx: Context) -> Outcome:
        """Facts: the nodes before and after, those of functions and subgraphs included."""
        from mlconvert_plugins.onnxfile.opening import open_model
        from mlconvert_plugins.onnxfile.saving import save

        ctx.progress("reading the graph")
        model = open_model(artifact.path)
        before = _count(model)
        ctx.progress(f"simplifying {before} nodes")
        _optimize(model, options.max_constant)
        ctx.progress("writing the graph")
        save(model, out)
        return Outcome(artifact.signature, {"nodes_before": before, "nodes_after": _count(model)})

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterable[Refusal]:
        """A valid model, whose names, dtypes and dynamic dims are those of the signature."""
        from mlconvert_plugins.onnxfile.agreement import disagreements
        from mlconvert_plugins.onnxfile.audit import validate
        from mlconvert_plugins.onnxfile.signature import signature_of

        return disagreements(artifact.signature, signature_of(validate(artifact.path)))

    def tolerance(self, source: Artifact, artifact: Artifact) -> Tolerance:
        """Nearly exact: folding a batch norm into a convolution rounds anew, and little else does."""
        return Tolerance(rtol=1e-5, rms=1e-5)

    def localise(self, source: Artifact, artifact: Artifact, inputs: Mapping[str, Any], ctx: Context) -> Suspect | None:
        """The first node whose value the simplified model has otherwise, as far as it still has it."""
        from mlconvert_plugins.onnxfile.localising import first_bad

        return first_bad(source, artifact, inputs, ctx, ctx.tolerance or self.tolerance(source, artifact))


def _count(model: ir.Model) -> int:
    bodies = [node for function in model.functions.values() for node in function.all_nodes()]
    return len(bodies) + sum(1 for _ in model.graph.all_nodes())


def _optimize(model: ir.Model, max_constant: int) -> None:
    """Simplify in place; the opset is the model's own afterwards, too."""
    from onnxscript import optimizer

    from mlconvert_plugins.onnxfile.opening import root_cause

    opset = model.opset_imports.get("")
    try:
        optimizer.optimize(model, input_size_limit=max_constant, output_size_limit=max_constant)
    except Exception as error:  # the evaluators of single operators raise whatever numpy does
        raise ConversionError(f"the optimizer failed: {root_cause(error)}", code="simplify-failed", fix=_FIX) from error
    if model.opset_imports.get("") != opset:
        raise ConversionError(
            f"the optimizer changed the opset from {opset} to {model.opset_imports.get('')}",
            code="simplify-failed",
            fix=_FIX,
        )

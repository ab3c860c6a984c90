"""torch → onnx, with torch's own exporter: the model's names, the signature's dims, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Optional

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.stage import Context, Help, Outcome, Stage, Suspect

_NEEDS_INPUT = ("state_dict", "pickled", "torchscript")


@dataclass(frozen=True)
class TorchOptions:
    """How the ONNX file is written."""

    opset: Annotated[Optional[int], Help("ONNX operator set; left out, what the next stage wants or torch's own")] = (
        None
    )


class Torch2Onnx(Stage):
    """Exports with torch.export and torch.onnx; weights over 1 GiB go to one file beside the graph."""

    name = "torch2onnx"
    source = "torch"
    target = "onnx"
    licence = "Apache-2.0 AND BSD-3-Clause"
    requirements = ("torch>=2.9", "onnx>=1.19", "onnxscript>=0.5", "onnx-ir>=0.1.12", "onnxruntime>=1.22")
    Options = TorchOptions

    def requires(self, artifact: Artifact, options: TorchOptions, ctx: Context) -> Iterator[Refusal]:
        """What the signature lacks; what only the opened model can tell, `convert` refuses."""
        if artifact.flavour == "state_dict" and not artifact.model:
            yield Refusal(
                "needs-model",
                "the file holds weights and no model",
                artifact.path.name,
                "name the function or class that makes the module: --model pkg.mod:factory or --model file.py:factory",
            )
        if artifact.flavour in _NEEDS_INPUT and not artifact.signature.inputs:
            yield Refusal(
                "needs-input",
                f"a {artifact.flavour} file does not say what goes into the model",
                artifact.path.name,
                "describe each input, like --input 'x:float32[batch,3,224,224]' --dim batch=1:8:32",
            )
        for tensor in artifact.signature.inputs:
            if None in tensor.shape:
                yield Refusal(
                    "unknown-dim",
                    f"input {tensor.name!r} has an axis of unknown size",
                    tensor.name,
                    "name it, or give it a size",
                )
        if options.opset is not None and not 13 <= options.opset <= 23:
            yield Refusal(
                "unsupported-opset", f"torch writes opsets 13 to 23, not {options.opset}", "opset", "choose one of them"
            )

    def convert(self, artifact: Artifact, options: TorchOptions, out: Path, ctx: Context) -> Outcome:
        """Load the model, export it, and write it with its signature's names."""
        from mlconvert_plugins.pytorch.conversion import convert

        return convert(artifact, options.opset, out, ctx)

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
        """The file is valid ONNX, its inputs and outputs are the signature's, and what is dynamic is not baked in."""
        from mlconvert_plugins.pytorch.checking import problems

        yield from problems(artifact, ctx)

    def localise(self, source: Artifact, artifact: Artifact, inputs: Mapping[str, Any], ctx: Context) -> Suspect | None:
        """The first ONNX node whose value leaves torch's, and the torch module that it came from."""
        from mlconvert_plugins.pytorch.localising import first_bad

        return first_bad(source, artifact, inputs, ctx, ctx.tolerance or self.tolerance(source, artifact))

"""Finding the first ONNX node that is not as torch has it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.stage import Context, Suspect, Tolerance
from mlconvert_plugins.pytorch import conversion, scripts
from mlconvert_plugins.pytorch.fitting import settled
from mlconvert_plugins.pytorch.loading import load
from mlconvert_plugins.pytorch.programs import Program
from mlconvert_plugins.pytorch.quiet import quiet
from mlconvert_plugins.pytorch.tracing import TorchProgram

if TYPE_CHECKING:
    import numpy as np


def first_bad(
    source: Artifact, artifact: Artifact, inputs: Mapping[str, np.ndarray], ctx: Context, tolerance: Tolerance
) -> Suspect | None:
    """The first node of the ONNX file that is wrong on `inputs`; None where none can be told.

    A file that is not what the conversion makes is held against what it does make, where every node has its
    counterpart; and where that is the same file, against the torch program that was translated.
    """
    from mlconvert_plugins.onnxfile import header, localising
    from mlconvert_plugins.torch import Torch

    remade = Artifact(Path(tempfile.mkdtemp(dir=ctx.scratch)) / "model.onnx", "onnx")
    found = header.read(artifact.path)
    own = Torch().signature(source, trust=ctx.trust)
    source = replace(source, signature=own if own.inputs else source.signature)
    conversion.convert(source, found.opsets.get("") if found else None, remade.path, ctx)
    changed = localising.between(remade, artifact, inputs, ctx, tolerance)
    return changed or in_program(source, artifact, inputs, ctx, tolerance)


def in_program(
    source: Artifact, artifact: Artifact, inputs: Mapping[str, np.ndarray], ctx: Context, tolerance: Tolerance
) -> Suspect | None:
    """The first node whose value is not that of the program's node which it was translated from."""
    from mlconvert_plugins.onnxfile.intermediate import OnnxFile
    from mlconvert_plugins.onnxfile.localising import suspect

    with quiet():
        program = _program(source, ctx)
    if program is None:
        return None
    file = OnnxFile(artifact.path, inputs, ctx.scratch)
    torch_side = TorchProgram(program, file.graph, inputs)
    return suspect(file.graph, torch_side, file, inputs, ctx, tolerance, word="torch2onnx")


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

"""Finding the first ONNX node that a SavedModel computes otherwise."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from mlconvert.artifact import Artifact
from mlconvert.stage import Context, Suspect, Tolerance
from mlconvert_plugins.onnxfile.intermediate import OnnxFile
from mlconvert_plugins.onnxfile.localising import suspect
from mlconvert_plugins.tfgraph.inner import NotMadeHereError, SavedModel
from mlconvert_plugins.tfgraph.lazy import np


def first_bad(
    source: Artifact, artifact: Artifact, inputs: Mapping[str, np.ndarray], ctx: Context, tolerance: Tolerance
) -> Suspect | None:
    """The first node of the ONNX file that is wrong in the SavedModel; None where no output of it is."""
    file = OnnxFile(source.path, inputs, ctx.scratch)
    try:
        made = SavedModel(source, artifact, inputs, trusted=ctx.trust)
    except NotMadeHereError as error:
        return Suspect("", "", note=error.message)
    with contextlib.closing(made):
        return suspect(file.graph, file, made, inputs, ctx, tolerance, word="onnx2tf")

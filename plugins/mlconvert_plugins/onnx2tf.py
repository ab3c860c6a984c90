"""onnx → tf: a SavedModel of plain TensorFlow operations, with the model's own names, layout and dynamic dims."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.stage import Context, NoOptions, Outcome, Stage


class Onnx2Tf(Stage):
    """Writes a graph that stock TensorFlow and TensorFlow Serving load, on every build of TensorFlow for the CPU."""

    name = "onnx2tf"
    source = "onnx"
    target = "tf"
    requirements = ("onnx>=1.19", "tensorflow-cpu>=2.16; sys_platform == 'linux'")
    Options = NoOptions

    def requires(self, artifact: Artifact, options: NoOptions, ctx: Context) -> Iterator[Refusal]:
        """Operators and attributes that are not supported, all of them at once."""
        from mlconvert_plugins.onnxfile.audit import validate
        from mlconvert_plugins.tfgraph import support

        yield from support.refusals(validate(artifact.path))

    def convert(self, artifact: Artifact, options: NoOptions, out: Path, ctx: Context) -> Outcome:
        """Make the graph, and write it. Raises ConversionError that names the node which cannot be converted."""
        from mlconvert_plugins.onnxfile.opening import open_proto
        from mlconvert_plugins.onnxfile.signature import signature_of
        from mlconvert_plugins.tfgraph.conversion import build
        from mlconvert_plugins.tfgraph.saving import save

        proto = open_proto(artifact.path)
        signature = artifact.signature if artifact.signature.inputs else signature_of(proto)
        save(build(proto, signature, artifact.path.parent), out)
        return Outcome(signature)

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
        """The folder is a SavedModel, and its inputs and outputs are the signature's."""
        from mlconvert_plugins.tf import Tf
        from mlconvert_plugins.tfgraph.agreement import disagreements

        yield from disagreements(artifact.signature, Tf().signature(artifact))

"""onnx → tf, by onnx-tf: the converter of old, for those who compare. It runs in an environment of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, Refusal
from mlconvert.stage import Context, NoOptions, Outcome, Stage


class Onnx2TfOnnxTf(Stage):
    """The operations that onnx-tf makes of each node, in a SavedModel that has the model's own names.

    onnx-tf ended with 1.10, in 2022; these are the newest packages that it runs with.
    """

    name = "onnx2tf.onnx_tf"
    source = "onnx"
    target = "tf"
    cost = 10.0
    requirements = (
        "onnx-tf==1.10.0",
        "onnx==1.18.0",
        "tensorflow-addons==0.23.0",
        "tensorflow-probability==0.23.0",
        "tensorflow-cpu==2.15.1; sys_platform == 'linux'",
        "tensorflow==2.15.1; sys_platform != 'linux'",
    )
    python = ">=3.11,<3.12"
    self_contained = True
    Options = NoOptions

    def requires(self, artifact: Artifact, options: NoOptions, ctx: Context) -> Iterator[Refusal]:
        """Operators that onnx-tf has not, neither as the model's opset means them nor in an older opset."""
        from mlconvert_plugins.onnxtf import building

        try:
            building.read(artifact.path)
        except ConversionError as error:
            yield from error.refusals or [Refusal(error.code, error.message, error.where, error.fix)]

    def convert(self, artifact: Artifact, options: NoOptions, out: Path, ctx: Context) -> Outcome:
        """Have onnx-tf make the graph, and write it. Raises ConversionError that names the node where it failed."""
        from mlconvert_plugins.onnxtf import building, lowering
        from mlconvert_plugins.tfgraph import fingerprint
        from mlconvert_plugins.tfgraph.saving import save

        proto = building.read(artifact.path)
        built = building.build(proto, artifact.signature)
        save(built, out, {}, built.outputs)
        fingerprint.write(out)
        return Outcome(artifact.signature, {"opset": lowering.opset_of(proto)})

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
        """The folder is a SavedModel, and its inputs and outputs are the signature's."""
        from mlconvert_plugins.tf import Tf
        from mlconvert_plugins.tfgraph.agreement import disagreements

        yield from disagreements(artifact.signature, Tf().signature(artifact))

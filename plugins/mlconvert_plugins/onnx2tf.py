"""onnx → tf: a SavedModel of plain TensorFlow operations, with the model's own names, layout and dynamic dims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.host import Host
from mlconvert.signature import Signature
from mlconvert.stage import Context, Delivery, Help, Operator, Outcome, Stage, Suspect
from mlconvert_plugins.tfgraph import compatibility


@dataclass(frozen=True)
class TfOptions:
    """How the SavedModel is written."""

    weights: Annotated[
        Literal["constants", "variables"],
        Help("constants run up to three times faster; variables can be read and changed, and hold more than 2 GiB"),
    ] = "constants"
    signature: Annotated[
        tuple[str, ...],
        Help("further signatures: outputs or inner tensors of the model under a name", metavar="NAME=TENSOR"),
    ] = ()


class Onnx2Tf(Stage):
    """Writes a graph that stock TensorFlow and TensorFlow Serving load, on every build of TensorFlow for the CPU."""

    name = "onnx2tf"
    source = "onnx"
    target = "tf"
    requirements = ("onnx>=1.19", "tensorflow-cpu>=2.16; sys_platform == 'linux'")
    Options = TfOptions

    def operators(self) -> Iterator[Operator]:
        """ONNX's operators, and those of ONNX Runtime's that are taken."""
        from mlconvert_plugins.tfgraph import support

        yield from support.operators()

    def delivers(self, options: TfOptions, host: Host) -> Delivery:
        """What loads it: TensorFlow promises that a release reads what those before it have written."""
        installed = compatibility.installed()
        since = "" if installed is None else f" {'.'.join(installed.version.split('.')[:2])}"
        return Delivery(None, f"TensorFlow{since} and later, TensorFlow Serving")

    def requires(self, artifact: Artifact, options: TfOptions, ctx: Context) -> Iterator[Refusal]:
        """Operators and attributes that are not supported, and signatures of what is not there: all of them at once."""
        from mlconvert_plugins.onnxfile.audit import validate
        from mlconvert_plugins.tfgraph import signatures, support

        proto = validate(artifact.path)
        yield from support.refusals(proto)
        yield from signatures.refusals(signatures.read(options.signature), proto)

    def convert(self, artifact: Artifact, options: TfOptions, out: Path, ctx: Context) -> Outcome:
        """Make the graph, and write it. Raises ConversionError that names the node which cannot be converted."""
        from mlconvert_plugins.tfgraph import fingerprint

        signature, wanted, have_become = _written(artifact, options, out)
        # It reads the model again: now that the graph is gone, both fit where one did.
        fingerprint.write(out)
        if have_become and options.weights == "constants":
            ctx.warn("the weights are variables: one graph holds at most 2 GiB of constants")
        return Outcome(signature, {"weights": "variables" if have_become else "constants", "signatures": wanted})

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
        """The folder is a SavedModel, and its inputs and outputs are the signature's."""
        from mlconvert_plugins.tf import Tf
        from mlconvert_plugins.tfgraph.agreement import disagreements

        yield from disagreements(artifact.signature, Tf().signature(artifact))

    def localise(self, source: Artifact, artifact: Artifact, inputs: Mapping[str, Any], ctx: Context) -> Suspect | None:
        """The first ONNX node that TensorFlow's graph computes otherwise."""
        from mlconvert_plugins.tfgraph.localising import first_bad

        return first_bad(source, artifact, inputs, ctx, ctx.tolerance or self.tolerance(source, artifact))


def _written(artifact: Artifact, options: TfOptions, out: Path) -> tuple[Signature, list[str], bool]:
    """The signature, the names of further ones, and whether the weights have become variables."""
    from mlconvert_plugins.onnxfile.opening import open_proto
    from mlconvert_plugins.onnxfile.signature import signature_of
    from mlconvert_plugins.tfgraph import signatures
    from mlconvert_plugins.tfgraph.conversion import build
    from mlconvert_plugins.tfgraph.saving import save
    from mlconvert_plugins.tfgraph.tensors import parted

    proto = open_proto(artifact.path)
    signature = artifact.signature if artifact.signature.inputs else signature_of(proto)
    wanted = signatures.read(options.signature)
    inner = signatures.exposed(wanted, proto, signature)
    folder = artifact.path.parent
    proto, initializers = parted(proto, folder)
    built = build(proto, replace(signature, outputs=(*signature.outputs, *inner)), folder, initializers)
    outputs = [tensor.name for tensor in signature.outputs]
    return signature, list(wanted), save(built, out, wanted, outputs, as_variables=options.weights == "variables")

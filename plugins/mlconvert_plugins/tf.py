"""TensorFlow SavedModels: a folder with a graph and a `serving_default` signature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.format import Format
from mlconvert.signature import Signature

FILE = "saved_model.pb"
# A SavedModel's first field is its version, which has been 1 since there are any; the second is its graph.
_START = b"\x08\x01\x12"


class Tf(Format):
    """A SavedModel folder."""

    name = "tf"
    suffix = ".savedmodel"
    is_directory = True
    requirements = ("onnx>=1.19", "tensorflow-cpu>=2.16; sys_platform == 'linux'")

    def sniff(self, path: Path) -> str | None:
        """'' for a folder with a SavedModel in it."""
        file = path / FILE
        if not file.is_file():
            return None
        with file.open("rb") as stream:
            return "" if stream.read(len(_START)) == _START else None

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        """The inputs and outputs of `serving_default`, in the order of their names."""
        from mlconvert_plugins.tfgraph import saving
        from mlconvert_plugins.tfgraph.description import signature_of

        return signature_of(saving.signature_of(saving.read(artifact.path), artifact.path.name))

    def describe(self, path: Path) -> dict[str, Any]:
        """Versions, signatures, operators."""
        from mlconvert_plugins.tfgraph.description import describe

        return describe(path)

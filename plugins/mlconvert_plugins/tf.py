"""TensorFlow SavedModels: a folder with a graph and a `serving_default` signature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.format import Format, Verdict
from mlconvert.host import Host
from mlconvert.signature import Signature
from mlconvert_plugins.tfgraph import compatibility, metagraphs, trust


class Tf(Format):
    """A SavedModel folder. Its graph is read by hand before TensorFlow sees it: some operators touch files."""

    name = "tf"
    suffix = ".savedmodel"
    is_directory = True
    requirements = ("onnx>=1.19", "tensorflow-cpu>=2.16; sys_platform == 'linux'")

    def sniff(self, path: Path) -> str | None:
        """'' for a folder with a SavedModel in it."""
        file = path / metagraphs.FILE
        if not file.is_file():
            return None
        with file.open("rb") as stream:
            return "" if stream.read(len(metagraphs.START)) == metagraphs.START else None

    def executes(self, path: Path, flavour: str | None) -> str | None:
        """The operators that may touch files or the system, by an allow-list of those that compute."""
        return trust.why_it_executes(path)

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        """The inputs and outputs of `serving_default`, or of the only signature, in the order of their names."""
        from mlconvert_plugins.tfgraph import reading

        where = artifact.path.name
        return reading.signature_of(reading.definition(reading.serving(reading.read(artifact.path), where), where))

    def describe(self, path: Path) -> dict[str, Any]:
        """Versions, tags, signatures, operators, and the files of variables and assets."""
        from mlconvert_plugins.tfgraph.description import describe

        return describe(path)

    def loads_on(self, path: Path, host: Host) -> Verdict:
        """Whether the TensorFlow that is installed takes the graph's version, and is no older than its writer."""
        return compatibility.verdict(path)

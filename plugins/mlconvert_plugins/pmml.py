"""PMML: models as XML, which banks and ad platforms run in engines of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.format import Format, Verdict
from mlconvert.host import Host
from mlconvert.probes import Probe
from mlconvert.signature import Signature


class Pmml(Format):
    """A .pmml document, 4.0 to 4.4. It is read here, safely, before any engine sees it."""

    name = "pmml"
    suffix = ".pmml"
    requirements = ("defusedxml>=0.7",)

    def sniff(self, path: Path) -> str | None:
        """'' for a file whose first element is called PMML, in any encoding that XML has."""
        from mlconvert_plugins.pmmlfile.sniffing import is_pmml

        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return "" if is_pmml(stream.read(2**16)) else None

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        """`x` and a column of texts each; `probability` and `label`, or `prediction`. Raises ConversionError."""
        from mlconvert_plugins.pmmlfile import outline, signatures

        return signatures.of(outline.read(artifact.path))

    def describe(self, path: Path) -> dict[str, Any]:
        """The model's kind, its fields and sizes, who wrote it, and what stands out."""
        from mlconvert_plugins.pmmlfile import outline
        from mlconvert_plugins.pmmlfile.description import describe

        return describe(outline.read(path))

    def loads_on(self, path: Path, host: Host) -> Verdict:
        """Any engine of its version, and JPMML's where there is a JVM."""
        from mlconvert_plugins.pmmlfile.engines import verdict

        return verdict()

    def probes(self, artifact: Artifact, seed: int) -> Iterator[Probe] | None:
        """Rows that reach the leaves of a document that is a forest; of any other its source knows better."""
        from mlconvert.errors import ConversionError
        from mlconvert_plugins.pmmltrees import probing

        try:
            return probing.probes(artifact, seed)
        except ConversionError:
            return None

    def draws(self, artifact: Artifact, seed: int) -> Iterator[Probe]:
        """Rows of the document's own constants and categories, with missing values where it replaces them."""
        from mlconvert_plugins.pmmlfile import drawing

        return drawing.probes(artifact, seed)

"""The forest format: a tree ensemble with its exact arithmetic, which `docs/forest.md` specifies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.format import Format, Verdict
from mlconvert.host import Host
from mlconvert.probes import Probe
from mlconvert.signature import Signature

_MAGIC = b"\x89forest\n"


class Forest(Format):
    """A .forest file: data alone, every index of which is checked when it is read."""

    name = "forest"
    suffix = ".forest"

    def sniff(self, path: Path) -> str | None:
        """'' for a file that begins as a forest."""
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return "" if stream.read(len(_MAGIC)) == _MAGIC else None

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        """One input `x`, the margins, and `probability` and `label` or `prediction`. Raises ConversionError."""
        from mlconvert_plugins.trees import layout

        return layout.read(artifact.path).signature()

    def describe(self, path: Path) -> dict[str, Any]:
        """Where it came from, its trees, leaves and tables, and its arithmetic."""
        from mlconvert_plugins.trees import layout
        from mlconvert_plugins.trees.description import describe

        return describe(layout.read(path))

    def loads_on(self, path: Path, host: Host) -> Verdict:
        """Everywhere: it is scored by numpy, or by the runtime in a jar."""
        return Verdict("yes", "it is data alone, scored by numpy or by a jar's runtime")

    def probes(self, artifact: Artifact, seed: int) -> Iterator[Probe]:
        """Rows at every threshold and around it, then into every leaf, until each is reached or proven dead."""
        from mlconvert_plugins.trees import layout, probing

        return probing.probes(layout.read(artifact.path), seed)

"""Jars: Java archives that score a model, `native` ones by mlconvert's own runtime."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.format import Format, Verdict
from mlconvert.host import Host
from mlconvert.probes import Probe
from mlconvert.signature import Signature

NATIVE = "native"


class Jar(Format):
    """A .jar that holds a forest, and the runtime that scores it unless it is a thin one."""

    name = "jar"
    suffix = ".jar"

    def sniff(self, path: Path) -> str | None:
        """`native` for an archive with a model of ours. Raises ConversionError for a broken or unsafe .jar."""
        from mlconvert_plugins.javajar.opening import is_native

        return NATIVE if path.is_file() and is_native(path) else None

    def executes(self, path: Path, flavour: str | None) -> str | None:
        """Whatever in it is not, byte for byte, the runtime of this installation."""
        from mlconvert_plugins.javajar.trust import stranger

        return stranger(path)

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        """That of the forest in it: one input `x`, the margins, and `probability` and `label` or `prediction`."""
        from mlconvert_plugins.javajar.opening import forest_of

        return forest_of(artifact.path).signature()

    def describe(self, path: Path) -> dict[str, Any]:
        """The model's name and coordinates, the runtime in it, and the forest."""
        from mlconvert_plugins.javajar.description import describe

        return describe(path)

    def loads_on(self, path: Path, host: Host) -> Verdict:
        """Wherever there is a JVM that is new enough for its classes."""
        from mlconvert_plugins.javajar import maven, opening

        jar = opening.read(path)
        if jar.java_version is None:
            return Verdict("yes", f"Java 11 or newer loads it, with {maven.RUNTIME} beside it on the class path")
        return Verdict("yes", f"Java {jar.java_version} or newer loads it")

    def probes(self, artifact: Artifact, seed: int) -> Iterator[Probe]:
        """Rows at every threshold and around it, then into every leaf, until each is reached or proven dead."""
        from mlconvert_plugins.javajar.opening import forest_of
        from mlconvert_plugins.trees import probing

        return probing.probes(forest_of(artifact.path), seed)

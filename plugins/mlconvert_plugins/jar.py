"""Jars: Java archives that score a model: `native` by mlconvert's own runtime, `jpmml` by JPMML's evaluator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.format import Format, Verdict
from mlconvert.host import Host
from mlconvert.probes import Probe
from mlconvert.signature import Signature

NATIVE, JPMML = "native", "jpmml"


class Jar(Format):
    """A .jar that holds a forest and the runtime that scores it, or classes that announce themselves as PMML."""

    name = "jar"
    suffix = ".jar"

    def sniff(self, path: Path) -> str | None:
        """`native` for an archive with a model of ours, `jpmml` for one that JPMML's ServiceLoader finds a model in.

        Raises ConversionError for a broken or unsafe .jar.
        """
        from mlconvert_plugins.javajar.opening import holds, is_native
        from mlconvert_plugins.jpmmljar.contents import SERVICE

        if not path.is_file():
            return None
        return NATIVE if is_native(path) else JPMML if holds(path, SERVICE) else None

    def executes(self, path: Path, flavour: str | None) -> str | None:
        """Whatever in it is not, byte for byte, the runtime of this installation."""
        from mlconvert_plugins.javajar.trust import stranger
        from mlconvert_plugins.jpmmljar.running import CODE

        return CODE if self._is_jpmml(path, flavour) else stranger(path)

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        """That of the model in it: one input `x`, and `probability` and `label` or `prediction`; a forest's margins."""
        if self._is_jpmml(artifact.path, artifact.flavour):
            from mlconvert_plugins.jpmmljar.description import signature

            return signature(artifact.path, trust)
        from mlconvert_plugins.javajar.opening import forest_of

        return forest_of(artifact.path).signature()

    def describe(self, path: Path) -> dict[str, Any]:
        """The model's name and coordinates, what scores it, and the forest of a native jar."""
        if self._is_jpmml(path):
            from mlconvert_plugins.jpmmljar.description import describe

            return describe(path)
        from mlconvert_plugins.javajar import description

        return description.describe(path)

    def loads_on(self, path: Path, host: Host) -> Verdict:
        """Wherever there is a JVM that is new enough for its classes."""
        if self._is_jpmml(path):
            from mlconvert_plugins.jpmmljar.description import loads

            return Verdict("yes", loads(path))
        from mlconvert_plugins.javajar import maven, opening

        jar = opening.read(path)
        if jar.java_version is None:
            return Verdict("yes", f"Java 11 or newer loads it, with {maven.RUNTIME} beside it on the class path")
        return Verdict("yes", f"Java {jar.java_version} or newer loads it")

    def probes(self, artifact: Artifact, seed: int) -> Iterator[Probe] | None:
        """Rows at every threshold and around it, then into every leaf, until each is reached or proven dead.

        None for the classes of a jpmml jar, which cannot say what tells them from another model.
        """
        if self._is_jpmml(artifact.path, artifact.flavour):
            return None
        from mlconvert_plugins.javajar.opening import forest_of
        from mlconvert_plugins.trees import probing

        return probing.probes(forest_of(artifact.path), seed)

    def _is_jpmml(self, path: Path, flavour: str | None = None) -> bool:
        return (flavour or self.sniff(path)) == JPMML

"""forest → jar: the packed forest, golden rows and the compiled runtime in one deterministic archive, without a JDK."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.host import Host
from mlconvert.stage import Context, Delivery, Help, Outcome, Stage, Tolerance
from mlconvert_plugins.javajar import compiled, contents, maven, relocation


@dataclass(frozen=True)
class JarOptions:
    """How the jar is called, and whether the runtime is in it."""

    java_package: Annotated[
        str | None,
        Help(
            "the package that the runtime's classes move to; the model is called by it", relocation.package, "PACKAGE"
        ),
    ] = None
    maven: Annotated[
        str | None, Help("Maven coordinates to write into the jar", maven.coordinates, "GROUP:ARTIFACT:VERSION")
    ] = None
    thin: Annotated[bool, Help("leave the runtime out: it is a Maven dependency, on the class path once")] = False


class Forest2Jar(Stage):
    """Writes a jar that scores by itself, on Java 11 or newer, with no dependencies."""

    name = "forest2jar"
    source = "forest"
    target = "jar"
    Options = JarOptions
    names_artifact = True

    def available(self, options: JarOptions, host: Host) -> Iterator[Refusal]:
        """A jar needs the compiled runtime, unless it is a thin one."""
        refusal = None if options.thin else compiled.absent(compiled.RUNTIME)
        if refusal is not None:
            yield refusal

    def delivers(self, options: JarOptions, host: Host) -> Delivery:
        """A native jar."""
        needs = f", with {maven.RUNTIME}" if options.thin else ""
        return Delivery("native", f"Java 11 or newer{needs}")

    def convert(self, artifact: Artifact, options: JarOptions, out: Path, ctx: Context) -> Outcome:
        """Pack. Raises ConversionError (`bad-forest`)."""
        from mlconvert_plugins.javajar import golden
        from mlconvert_plugins.javajar.packing import pack
        from mlconvert_plugins.trees import layout

        content = artifact.path.read_bytes()
        forest = layout.unpack(content)
        name = options.java_package or contents.model_name(out.stem)
        package = relocation.HOME if options.thin else options.java_package or relocation.HOME
        rows = golden.rows(forest, ctx.seed)
        classes = {} if options.thin else compiled.runtime_classes()
        members = contents.members(name, content, rows, classes, package=package, coordinates=options.maven or "")
        out.write_bytes(pack(members, {contents.forest_at(name): layout.planes(content)}))
        facts: dict[str, Any] = {"model": name, "golden_rows": golden.count(rows)}
        if not options.thin:
            facts["class"] = f"{package}.Model"
        return Outcome(forest.signature(), facts, "native")

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
        """The jar opens, holds a sound forest with the signature, and nothing that could run but our runtime."""
        from mlconvert_plugins.javajar import opening, trust

        if opening.forest_of(artifact.path).signature() != artifact.signature:
            yield Refusal("wrong-signature", "the written jar does not have the signature that was promised")
        reason = trust.stranger(artifact.path)
        if reason:
            yield Refusal("wrong-jar", f"the written jar is not what it should be: {reason}")

    def tolerance(self, source: Artifact, artifact: Artifact) -> Tolerance:
        """Everything that no `exp` or `log1p` has touched is exact."""
        from mlconvert_plugins.trees.tolerance import declared

        return declared(artifact)

"""pmml → jar: JPMML's transpiler and the JDK's compiler, into one deterministic archive that ServiceLoader finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.host import Host
from mlconvert.stage import Context, Delivery, Help, Outcome, Stage, Tolerance
from mlconvert_plugins.javajar import maven, relocation
from mlconvert_plugins.jpmml import heap


@dataclass(frozen=True)
class TranspileOptions:
    """How the jar and its class are called, and what is in it."""

    java_package: Annotated[
        str | None, Help("the package of the class that is the model", relocation.package, "PACKAGE")
    ] = None
    maven: Annotated[
        str | None, Help("Maven coordinates to write into the jar", maven.coordinates, "GROUP:ARTIFACT:VERSION")
    ] = None
    thin: Annotated[bool, Help("leave JPMML's evaluator out: it is a Maven dependency, on the class path once")] = False
    sources: Annotated[bool, Help("put the Java source that was compiled into the jar, too")] = False
    heap: Annotated[int | None, heap.HEAP] = None


class Pmml2Jar(Stage):
    """Writes a jar of classes, which JPMML's evaluator runs on Java 11 or newer."""

    name = "pmml2jar"
    source = "pmml"
    target = "jar"
    # Below the two hops through a forest: who asks for PMML on the way to a jar means this one.
    cost = 1.5
    licence = "AGPL-3.0"
    requirements = ("sklearn2pmml>=0.133", "jpmml-evaluator>=0.16", "defusedxml>=0.7")
    names_artifact = True
    Options = TranspileOptions

    def available(self, options: TranspileOptions, host: Host) -> Iterator[Refusal]:
        """JPMML, and a JDK: a Java runtime alone has no compiler."""
        from mlconvert_plugins.jpmml import jars
        from mlconvert_plugins.jpmmljar import transpiling

        for refusal in (jars.absent(), transpiling.no_jdk()):
            if refusal is not None:
                yield refusal

    def delivers(self, options: TranspileOptions, host: Host) -> Delivery:
        """A jar for JPMML's API, by its ServiceLoader."""
        beside = " beside it" if options.thin else ", which is in it"
        return Delivery("jpmml", f"Java 11 or newer, by ServiceLoader and JPMML's evaluator{beside} (AGPL-3.0)")

    def convert(self, artifact: Artifact, options: TranspileOptions, out: Path, ctx: Context) -> Outcome:
        """Translate, compile, pack, and let the jar score its golden rows. Raises ConversionError."""
        from mlconvert_plugins.javajar.packing import pack
        from mlconvert_plugins.jpmmljar import contents, licence, naming, parts, running, transpiling

        name = naming.class_name(out.stem, options.java_package)
        memory = options.heap or heap.needed(artifact.path.stat().st_size)
        made = transpiling.transpile(artifact, name, memory, ctx)
        ctx.progress("packing")
        own = made.classes | (made.sources if options.sources else {})
        held = contents.members(
            name, artifact.signature, own, parts.found(), thin=options.thin, coordinates=options.maven or ""
        )
        out.write_bytes(pack(held))
        ctx.progress("scoring the golden rows")
        rows = running.verified(out, memory)
        facts = {"class": name, "licence": licence.AGPL, "bytes": out.stat().st_size, "golden_rows": rows, **made.facts}
        if options.thin:
            facts["needs"] = parts.found()[0].coordinates
        return Outcome(artifact.signature, facts, "jpmml")

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
        """The jar opens, and carries the signature."""
        from mlconvert_plugins.jpmmljar import opening

        if opening.read(artifact.path).signature != artifact.signature:
            yield Refusal("wrong-signature", "the written jar does not have the signature that was promised")

    def tolerance(self, source: Artifact, artifact: Artifact) -> Tolerance:
        """That of the document's arithmetic: the code adds up in another order here and there."""
        from mlconvert_plugins.jpmmljar.golden import is_single
        from mlconvert_plugins.pmmlfile.verification import DOUBLE, FLOAT

        return FLOAT if is_single(source) else DOUBLE

"""What the stages share that have JPMML read a boosted model."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.host import Host
from mlconvert.stage import Context, Help
from mlconvert_plugins.jpmml import heap, jars
from mlconvert_plugins.pmmlfile import naming
from mlconvert_plugins.pmmlfile.writing import PmmlStage, Written
from mlconvert_plugins.trees.options import IterationOptions

if TYPE_CHECKING:
    from mlconvert_plugins.trees.model import Forest

LICENCE = "AGPL-3.0"
REQUIREMENTS = ("sklearn2pmml>=0.133", "jpmml-evaluator>=0.16", "defusedxml>=0.7")
# The rows that the document is verified with.
_GOLDEN = 16


@dataclass(frozen=True)
class BoostedOptions(IterationOptions):
    """Which part of a boosted model to take, and how to write it down."""

    compact: Annotated[bool, Help("merge nodes where a child follows from its siblings: fewer, which decide alike")] = (
        True
    )
    target: Annotated[str | None, naming.TARGET] = None
    heap: Annotated[int | None, heap.HEAP] = None


class BoostedPmmlStage(PmmlStage):
    """A stage from a Booster, which our own reader reads first: JPMML is given its trees, and told the rest."""

    licence = LICENCE
    requirements = REQUIREMENTS
    Options = BoostedOptions
    # The command of java/jpmml.
    command: str

    @abstractmethod
    def read(self, artifact: Artifact, options: BoostedOptions) -> Forest:
        """The forest. Raises ConversionError that names the tree and the field which is broken or unknown."""

    @abstractmethod
    def plain(self, forest: Forest) -> tuple[str, list[dict[str, Any]]]:
        """The forest's trees in the library's format, made plain, and its columns as java/jpmml is told of them."""

    def available(self, options: BoostedOptions, host: Host) -> Iterator[Refusal]:
        """It needs a Java runtime, JPMML's jars and our compiled Java."""
        from mlconvert_plugins.javajar import jvm

        for refusal in (jvm.absent(), jars.absent()):
            if refusal is not None:
                yield refusal

    def requires(self, artifact: Artifact, options: BoostedOptions, ctx: Context) -> Iterator[Refusal]:
        """What JPMML would get wrong, by the names of fields and features."""
        from mlconvert_plugins.jpmml import ensemble

        yield from ensemble.refusals(self.read(artifact, options), options.target)

    def write(self, artifact: Artifact, options: BoostedOptions, out: Path, ctx: Context) -> Written:
        """Have JPMML write the document. Raises ConversionError with its reason (`jpmml-refused`, `out-of-memory`)."""
        from mlconvert_plugins.jpmml import ensemble, iterations, session
        from mlconvert_plugins.pmmlfile.verification import Golden, writable
        from mlconvert_plugins.trees import probing, score

        ctx.progress("reading the trees")
        forest = self.read(artifact, options)
        text, columns = self.plain(forest)
        source = ctx.scratch / "plain"
        source.write_text(text, encoding="utf-8")
        ctx.progress(f"JPMML converts {forest.trees} trees")
        told = ensemble.told(forest, naming.target_of(forest.columns, options.target))
        made_of = {name: forest.source[name] for name in iterations.NAMES if name in forest.source}
        given = {"source": str(source), "out": str(out), "compact": options.compact, "columns": columns, **told}
        jvm = session.session(options.heap or heap.needed(len(text)))
        jvm.ask(self.command, **given, header=made_of)
        x = writable(probing.few(forest, _GOLDEN, ctx.seed), forest.columns)
        golden = Golden({"x": x}, score.Scorer(forest).run(x), forest.sum == "float32")
        return Written(forest.signature(), golden, {"trees": forest.trees})

    def oracle(self, source: Artifact, artifact: Artifact) -> Artifact:
        """The Booster, over the iterations that the document was made of; a jar does not say, and has all."""
        from mlconvert_plugins.jpmml import iterations

        if artifact.format != "pmml":
            return source
        return replace(source, settings=iterations.of(artifact.path))

"""pmml → forest: tree ensembles in PMML, read strictly and without JPMML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.probes import Probe
from mlconvert.stage import Context, NoOptions, Tolerance
from mlconvert_plugins.trees.reading import ReadingStage

if TYPE_CHECKING:
    from mlconvert_plugins.trees.model import Forest


class Pmml2Forest(ReadingStage):
    """Takes the trees of a document over: what JPMML, nyoka and others write of tree ensembles."""

    name = "pmml2forest"
    source = "pmml"
    target = "forest"
    requirements = ("defusedxml>=0.7",)

    def requires(self, artifact: Artifact, options: NoOptions, ctx: Context) -> Iterator[Refusal]:
        """The elements and attributes that are not known here, all of them."""
        from mlconvert_plugins.pmmltrees import reading

        yield from reading.refusals(artifact.path)

    def read(self, artifact: Artifact, options: NoOptions, *, trust: bool) -> Forest:
        """The forest. Raises ConversionError that names the element which is broken, or means what no forest can."""
        from mlconvert_plugins.pmmltrees import forest

        return forest.read(artifact.path, artifact.signature)

    def tolerance(self, source: Artifact, artifact: Artifact) -> Tolerance:
        """Engines add up in the document's order, with mathematical functions and a rounding of means of their own."""
        from mlconvert_plugins.pmmlfile.verification import DOUBLE, FLOAT
        from mlconvert_plugins.trees.files import forest_in

        return FLOAT if forest_in(artifact.path).sum == "float32" else DOUBLE

    def probes(self, source: Artifact, artifact: Artifact, seed: int) -> Iterator[Probe]:
        """Rows that the document has answers to: a forest alone does not know what its source calls invalid."""
        from mlconvert_plugins.pmmltrees import probing

        return probing.probes(replace(source, signature=artifact.signature), seed)

"""The stages from Boosters: a forest, written by nyoka, repaired, and proved with rows of the forest's own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.signature import Signature
from mlconvert.stage import Context
from mlconvert_plugins.nyokawriter.calling import REQUIREMENTS
from mlconvert_plugins.nyokawriter.options import NyokaBoostedOptions
from mlconvert_plugins.pmmlfile.naming import target_refusals
from mlconvert_plugins.pmmlfile.verification import Golden
from mlconvert_plugins.pmmlfile.writing import PmmlStage, Written

if TYPE_CHECKING:
    from mlconvert_plugins.trees.model import Forest
    from mlconvert_plugins.trees.score import Scorer

_ROWS = 16


class NyokaBoostedStage(PmmlStage):
    """A stage that reads a Booster's file into a forest, and has nyoka write it.

    `exporter` is nyoka's function, `prefix` the beginning of the names of the library's estimators.
    """

    requirements = REQUIREMENTS
    Options = NyokaBoostedOptions
    exporter: str
    prefix: str

    @abstractmethod
    def read(self, artifact: Artifact, options: NyokaBoostedOptions) -> Forest:
        """The forest. Raises ConversionError that names the tree and the field which is broken or unknown."""

    def requires(self, artifact: Artifact, options: NyokaBoostedOptions, ctx: Context) -> Iterator[Refusal]:
        """What of the model no document of nyoka's can say."""
        from mlconvert_plugins.nyokawriter import sums

        forest = self.read(artifact, options)
        yield from target_refusals(forest.columns, options.target)
        yield from sums.refusals(forest)

    def write(self, artifact: Artifact, options: NyokaBoostedOptions, out: Path, ctx: Context) -> Written:
        """nyoka's document with the model's exact trees. Raises ConversionError with nyoka's reason."""
        from mlconvert_plugins.jpmml import iterations
        from mlconvert_plugins.nyokawriter import calling, document, fields, names, shells, sums
        from mlconvert_plugins.trees.score import Scorer

        forest = self.read(artifact, options)
        scorer, own = Scorer(forest), names.of(forest.columns, forest.labels, options.target)
        estimator = shells.estimator(self.prefix, scorer, sums.in_turn(forest), own)
        ctx.progress("nyoka writes the document")
        root = calling.export(self.exporter, [estimator], own, ctx.scratch)
        ctx.progress("holding it against the model")
        model = document.child(root, "MiningModel")
        sums.repair(model, scorer)
        fields.repair(root, model, own, float32=forest.read == "float32")
        own.restore(root)
        document.sign(root, {name: forest.source[name] for name in iterations.NAMES if name in forest.source})
        document.write(root, out)
        return Written(answers(forest.signature()), golden(scorer, ctx.seed), {"trees": forest.trees})

    def oracle(self, source: Artifact, artifact: Artifact) -> Artifact:
        """The Booster, over the iterations that the document was made of; a jar does not say, and has all."""
        from mlconvert_plugins.jpmml import iterations

        if artifact.format != "pmml":
            return source
        return replace(source, settings=iterations.of(artifact.path))


def answers(signature: Signature) -> Signature:
    """The signature without the margins, which documents do not give."""
    return replace(signature, outputs=tuple(tensor for tensor in signature.outputs if tensor.name != "margin"))


def golden(scorer: Scorer, seed: int) -> Golden:
    """A few rows at the forest's thresholds; no document can hold infinities."""
    import numpy as np

    from mlconvert_plugins.trees import probing

    x = probing.few(scorer.forest, _ROWS, seed)
    x = np.where(np.isinf(x), 0.0, x)
    return Golden({"x": x}, scorer.run(x), scorer.forest.sum == "float32")

"""The stages from Boosters: a forest, written by nyoka, repaired, and proved with rows of the forest's own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.signature import Signature
from mlconvert.stage import Context
from mlconvert_plugins.nyokawriter.calling import REQUIREMENTS
from mlconvert_plugins.pmmlfile.verification import Golden
from mlconvert_plugins.pmmlfile.writing import PmmlStage, Written

if TYPE_CHECKING:
    import numpy as np

    from mlconvert_plugins.trees.model import Forest

_ROWS = 8


class NyokaBoostedStage(PmmlStage):
    """A stage that reads a Booster's file into a forest, and has nyoka write it.

    `exporter` is nyoka's function, `prefix` the beginning of the names of the library's estimators.
    """

    requirements = REQUIREMENTS
    exporter: str
    prefix: str

    @abstractmethod
    def read(self, artifact: Artifact) -> Forest:
        """The forest. Raises ConversionError that names the tree and the field which is broken or unknown."""

    def requires(self, artifact: Artifact, options: Any, ctx: Context) -> Iterator[Refusal]:
        """What of the model no document of nyoka's can say."""
        from mlconvert_plugins.nyokawriter import sums

        yield from sums.refusals(self.read(artifact))

    def write(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Written:
        """nyoka's document with the model's exact trees. Raises ConversionError with nyoka's reason."""
        from mlconvert_plugins.nyokawriter import calling, document, fields, names, shells, sums
        from mlconvert_plugins.trees.score import Scorer

        forest = self.read(artifact)
        scorer, own = Scorer(forest), names.of(forest.columns, forest.labels)
        estimator = shells.estimator(self.prefix, scorer, sums.in_turn(forest), own)
        ctx.progress("nyoka writes the document")
        root = calling.export(self.exporter, [estimator], own, ctx.scratch)
        ctx.progress("holding it against the model")
        model = document.child(root, "MiningModel")
        sums.repair(model, scorer)
        fields.repair(root, model, own, float32=forest.read == "float32")
        own.restore(root)
        document.write(root, out)
        return Written(answers(forest.signature()), golden(scorer, ctx.seed))


def answers(signature: Signature) -> Signature:
    """The signature without the margins, which documents do not give."""
    return replace(signature, outputs=tuple(tensor for tensor in signature.outputs if tensor.name != "margin"))


def golden(scorer: Any, seed: int) -> Golden:
    """A few rows at the forest's thresholds, without numbers that engines take for another."""
    import numpy as np

    from mlconvert_plugins.trees import probing

    x: np.ndarray = probing.few(scorer.forest, _ROWS, seed)
    magnitude = np.abs(x)
    x = np.where(np.isinf(x) | (magnitude < np.finfo(np.float32).tiny), 0.0, x)
    outputs = {name: values for name, values in scorer.run(x).items() if name != "margin"}
    return Golden({"x": x}, outputs, float32=scorer.forest.sum == "float32")

"""sklearn → forest: the fitted trees of an estimator, in scikit-learn's own arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.stage import Context, NoOptions, Outcome, Stage, Tolerance


class Sklearn2Forest(Stage):
    """Takes an estimator's trees over as they are."""

    name = "sklearn2forest"
    source = "sklearn"
    target = "forest"
    requirements = ("scikit-learn>=1.4", "joblib>=1.3")

    def convert(self, artifact: Artifact, options: NoOptions, out: Path, ctx: Context) -> Outcome:
        """Read and pack. Raises ConversionError that names the class or attribute which is not known."""
        from mlconvert_plugins.sklearntrees import forest, opening
        from mlconvert_plugins.trees import layout
        from mlconvert_plugins.trees.description import describe

        made = forest.read(opening.load(artifact.path, trust=ctx.trust))
        layout.write(made, out)
        return Outcome(made.signature(), describe(made))

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
        """The written file is a sound forest, and carries the signature."""
        from mlconvert_plugins.trees import layout

        if layout.read(artifact.path).signature() != artifact.signature:
            yield Refusal("wrong-signature", "the written forest does not have the signature that was promised")

    def tolerance(self, source: Artifact, artifact: Artifact) -> Tolerance:
        """Everything that no `exp` has touched is exact."""
        from mlconvert_plugins.trees.tolerance import declared

        return declared(artifact)

"""sklearn → forest: the fitted trees of an estimator, in scikit-learn's own arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.stage import NoOptions
from mlconvert_plugins.trees.reading import ReadingStage

if TYPE_CHECKING:
    from mlconvert_plugins.trees.model import Forest


class Sklearn2Forest(ReadingStage):
    """Takes an estimator's trees over as they are."""

    name = "sklearn2forest"
    source = "sklearn"
    target = "forest"
    requirements = ("scikit-learn>=1.4", "joblib>=1.3")

    def read(self, artifact: Artifact, options: NoOptions, *, trust: bool) -> Forest:
        """The forest. Raises ConversionError that names the class or attribute which is not known."""
        from mlconvert_plugins.sklearntrees import forest, opening

        return forest.read(opening.load(artifact.path, trust=trust))

"""xgboost → forest: JSON or UBJSON, read strictly and without XGBoost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert_plugins.trees.options import IterationOptions
from mlconvert_plugins.trees.reading import BoostedStage

if TYPE_CHECKING:
    from mlconvert_plugins.trees.model import Forest


class Xgboost2Forest(BoostedStage):
    """Takes a model's trees over as they are, in XGBoost's float32 arithmetic."""

    name = "xgboost2forest"
    source = "xgboost"
    target = "forest"

    def read(self, artifact: Artifact, options: IterationOptions, *, trust: bool) -> Forest:
        """The forest. Raises ConversionError that names the tree and the field which is broken or unknown."""
        from mlconvert_plugins.xgboostfile import document, forest

        loaded = document.load(artifact.path.read_bytes())
        return forest.read(loaded, options.start_iteration, options.num_iteration)

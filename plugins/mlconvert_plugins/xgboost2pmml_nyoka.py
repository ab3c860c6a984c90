"""xgboost → pmml, by nyoka: pure Python, under the Apache licence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert_plugins.nyokawriter.boosted import NyokaBoostedStage
from mlconvert_plugins.nyokawriter.options import NyokaBoostedOptions

if TYPE_CHECKING:
    from mlconvert_plugins.trees.model import Forest


class Xgboost2PmmlNyoka(NyokaBoostedStage):
    """Sums of XGBoost's trees in float32, with the link of their objective; no categorical splits."""

    name = "xgboost2pmml.nyoka"
    source = "xgboost"
    target = "pmml"
    exporter = "xgboost_to_pmml"
    prefix = "XGB"

    def read(self, artifact: Artifact, options: NyokaBoostedOptions) -> Forest:
        """The forest. Raises ConversionError that names the tree and the field which is broken or unknown."""
        from mlconvert_plugins.xgboostfile import document, forest

        loaded = document.load(artifact.path.read_bytes())
        return forest.read(loaded, options.start_iteration, options.num_iteration)

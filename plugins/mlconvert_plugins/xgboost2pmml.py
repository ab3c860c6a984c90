"""xgboost → pmml: the model's trees by JPMML-XGBoost, its rules by our own strict reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert_plugins.jpmml.stage import BoostedOptions, BoostedPmmlStage

if TYPE_CHECKING:
    from mlconvert_plugins.trees.model import Forest


class Xgboost2Pmml(BoostedPmmlStage):
    """Writes a document that compares and adds up in float32, as XGBoost does."""

    name = "xgboost2pmml"
    source = "xgboost"
    target = "pmml"
    command = "xgboost"

    def read(self, artifact: Artifact, options: BoostedOptions) -> Forest:
        """The forest. Raises ConversionError that names the tree and the field which is broken or unknown."""
        from mlconvert_plugins.xgboostfile import document, forest

        loaded = document.load(artifact.path.read_bytes())
        return forest.read(loaded, options.start_iteration, options.num_iteration)

    def plain(self, forest: Forest) -> tuple[str, list[dict[str, Any]]]:
        """XGBoost's JSON."""
        from mlconvert_plugins.jpmml import xgboost_json

        return xgboost_json.write(forest)

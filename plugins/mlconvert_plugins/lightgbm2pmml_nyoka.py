"""lightgbm → pmml, by nyoka: pure Python, under the Apache licence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert_plugins.nyokawriter.boosted import NyokaBoostedStage
from mlconvert_plugins.nyokawriter.options import NyokaBoostedOptions

if TYPE_CHECKING:
    from mlconvert_plugins.trees.model import Forest


class Lightgbm2PmmlNyoka(NyokaBoostedStage):
    """Sums of LightGBM's trees, with the link of their objective; no categorical splits, no linear leaves."""

    name = "lightgbm2pmml.nyoka"
    source = "lightgbm"
    target = "pmml"
    exporter = "lgb_to_pmml"
    prefix = "LGBM"

    def read(self, artifact: Artifact, options: NyokaBoostedOptions) -> Forest:
        """The forest. Raises ConversionError that names the tree and the field which is broken or unknown."""
        from mlconvert_plugins.lightgbmtext import forest, sections

        return forest.read(sections.split(artifact.path.read_bytes()), options.start_iteration, options.num_iteration)

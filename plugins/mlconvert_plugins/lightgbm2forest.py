"""lightgbm → forest: the text model, read strictly and without LightGBM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert_plugins.trees.options import IterationOptions
from mlconvert_plugins.trees.reading import BoostedStage

if TYPE_CHECKING:
    from mlconvert_plugins.trees.model import Forest


class Lightgbm2Forest(BoostedStage):
    """Takes a text model's trees over as they are: thresholds, leaves and the order of summation keep their bits."""

    name = "lightgbm2forest"
    source = "lightgbm"
    target = "forest"

    def read(self, artifact: Artifact, options: IterationOptions, *, trust: bool) -> Forest:
        """The forest. Raises ConversionError that names the tree and the field which is broken or unknown."""
        from mlconvert_plugins.lightgbmtext import forest, sections

        return forest.read(sections.split(artifact.path.read_bytes()), options.start_iteration, options.num_iteration)

"""lightgbm → pmml: the text model's trees by JPMML-LightGBM, its rules by our own strict reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert_plugins.jpmml.stage import BoostedOptions, BoostedPmmlStage

if TYPE_CHECKING:
    from mlconvert_plugins.trees.model import Forest


class Lightgbm2Pmml(BoostedPmmlStage):
    """Writes a document that decides as LightGBM does, down to its zeros and missing values."""

    name = "lightgbm2pmml"
    source = "lightgbm"
    target = "pmml"
    command = "lightgbm"

    def read(self, artifact: Artifact, options: BoostedOptions) -> Forest:
        """The forest. Raises ConversionError that names the tree and the field which is broken or unknown."""
        from mlconvert_plugins.lightgbmtext import forest, sections

        return forest.read(sections.split(artifact.path.read_bytes()), options.start_iteration, options.num_iteration)

    def plain(self, forest: Forest) -> tuple[str, list[dict[str, Any]]]:
        """LightGBM's text."""
        from mlconvert_plugins.jpmml import lightgbm_text

        return lightgbm_text.write(forest)

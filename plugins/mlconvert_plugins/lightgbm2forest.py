"""lightgbm → forest: the text model, read strictly and without LightGBM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.stage import Context, Outcome, Stage, Tolerance
from mlconvert_plugins.trees.options import IterationOptions


class Lightgbm2Forest(Stage):
    """Takes a text model's trees over as they are: thresholds, leaves and the order of summation keep their bits."""

    name = "lightgbm2forest"
    source = "lightgbm"
    target = "forest"
    Options = IterationOptions

    def convert(self, artifact: Artifact, options: IterationOptions, out: Path, ctx: Context) -> Outcome:
        """Read and pack. Raises ConversionError that names the tree and the field which is broken or unknown."""
        from mlconvert_plugins.lightgbmtext import forest, sections
        from mlconvert_plugins.trees import layout
        from mlconvert_plugins.trees.description import describe

        made = forest.read(sections.split(artifact.path.read_bytes()), options.start_iteration, options.num_iteration)
        layout.write(made, out)
        return Outcome(made.signature(), describe(made))

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
        """The written file is a sound forest, and carries the signature."""
        from mlconvert_plugins.trees import layout

        if layout.read(artifact.path).signature() != artifact.signature:
            yield Refusal("wrong-signature", "the written forest does not have the signature that was promised")

    def oracle(self, source: Artifact, artifact: Artifact) -> Artifact:
        """The Booster, over the iterations that the forest was made of."""
        from mlconvert_plugins.trees.options import iterations_of

        return replace(source, settings=iterations_of(artifact))

    def tolerance(self, source: Artifact, artifact: Artifact) -> Tolerance:
        """Everything that no `exp` or `log1p` has touched is exact."""
        from mlconvert_plugins.trees.tolerance import declared

        return declared(artifact)

"""What the stages that read a library's model into a forest share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.stage import Context, Outcome, Stage, Tolerance
from mlconvert_plugins.trees.options import IterationOptions

if TYPE_CHECKING:
    from mlconvert_plugins.trees.model import Forest


class ReadingStage(Stage):
    """A stage to forest, which says how its source is read."""

    @abstractmethod
    def read(self, artifact: Artifact, options: Any, *, trust: bool) -> Forest:
        """The forest. Raises ConversionError that names the tree and the field which is broken or unknown."""

    def convert(self, artifact: Artifact, options: Any, out: Path, ctx: Context) -> Outcome:
        """Read and pack. Raises ConversionError that names the tree and the field which is broken or unknown."""
        from mlconvert_plugins.trees import layout
        from mlconvert_plugins.trees.description import describe

        made = self.read(artifact, options, trust=ctx.trust)
        layout.write(made, out)
        return Outcome(made.signature(), describe(made))

    def ensures(self, artifact: Artifact, ctx: Context) -> Iterator[Refusal]:
        """The written file is a sound forest, and carries the signature."""
        from mlconvert_plugins.trees import layout

        if layout.read(artifact.path).signature() != artifact.signature:
            yield Refusal("wrong-signature", "the written forest does not have the signature that was promised")

    def tolerance(self, source: Artifact, artifact: Artifact) -> Tolerance:
        """Everything that no `exp` or `log1p` has touched is exact."""
        from mlconvert_plugins.trees.tolerance import declared

        return declared(artifact)


class BoostedStage(ReadingStage):
    """A stage from a Booster, of which a part may be taken."""

    Options = IterationOptions

    def oracle(self, source: Artifact, artifact: Artifact) -> Artifact:
        """The Booster, over the iterations that the forest was made of."""
        from mlconvert_plugins.trees.options import iterations_of

        return replace(source, settings=iterations_of(artifact))

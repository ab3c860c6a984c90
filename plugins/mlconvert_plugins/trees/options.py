"""Which part of a boosted model a forest was made of: asked for as options, kept in the forest's `source`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from mlconvert.artifact import Artifact
from mlconvert.stage import Help


@dataclass(frozen=True)
class IterationOptions:
    """Which part of a boosted model to take."""

    num_iteration: Annotated[int | None, Help("how many iterations to take; all when it is left out")] = None
    start_iteration: Annotated[int, Help("the first iteration to take")] = 0


def iterations_of(artifact: Artifact) -> Mapping[str, Any]:
    """The iterations that a forest (or a jar) was made of, as the settings of a runner; empty for all of them."""
    from mlconvert_plugins.trees.files import forest_in

    made = forest_in(artifact.path).source
    return {name: made[name] for name in ("start_iteration", "num_iteration") if name in made}

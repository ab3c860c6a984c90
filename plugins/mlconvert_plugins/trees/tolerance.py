"""How far two answers of one forest may stand apart."""

from __future__ import annotations

from mlconvert.artifact import Artifact
from mlconvert.stage import Tolerance
from mlconvert_plugins.trees.model import Forest

# `exp` and `log1p` of two mathematical libraries differ by an ULP or so; the sum and the quotient after them add as
# much again. 1 - p is held to the ULPs of 1.
LINK_ULPS = 4
EXACT = Tolerance(ulps=0, exact=("margin", "probability", "prediction"))
LINKED = Tolerance(ulps=LINK_ULPS, atol=LINK_ULPS * 2.0**-53, exact=("margin",))
LINKED_FLOAT32 = Tolerance(ulps=LINK_ULPS, atol=LINK_ULPS * 2.0**-24, exact=("margin",))


def declared(artifact: Artifact) -> Tolerance:
    """The tolerance of a .forest file, or of the forest in a jar."""
    from mlconvert_plugins.trees.files import forest_in

    return of(forest_in(artifact.path))


def of(forest: Forest) -> Tolerance:
    """The tolerance of a forest: everything that no `exp` or `log1p` has touched is exact."""
    if forest.link.name in ("identity", "square", "step"):
        return EXACT
    return LINKED_FLOAT32 if forest.sum == "float32" else LINKED

"""What JPMML-SkLearn is known to get wrong, by the name of the step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlconvert.errors import Refusal


def refusals(estimator: Any) -> Iterator[Refusal]:
    """All that is in the way, step by step."""
    from mlconvert_plugins.sklearnpipelines.preparing import estimators

    for step in estimators(estimator):
        check = _CHECKS.get(type(step).__name__)
        if check is not None:
            yield from check(step)


def _neighbours(step: Any) -> Iterator[Refusal]:
    """Neighbours that vote: scikit-learn takes the first of the classes with most votes, JPMML another."""
    classes, neighbours = len(getattr(step, "classes_", ())), step.n_neighbors
    if step.weights == "uniform" and not (neighbours == 1 or (classes == 2 and neighbours % 2)):
        message = f"{neighbours} neighbours of {classes} classes can vote alike, and JPMML breaks ties in another way"
        yield Refusal(
            "unsupported-estimator", message, "KNeighborsClassifier n_neighbors",
            "fit it with weights='distance', or one neighbour",
        )  # fmt: skip


_CHECKS = {"KNeighborsClassifier": _neighbours}

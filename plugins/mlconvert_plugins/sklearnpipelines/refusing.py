"""What JPMML-SkLearn is known to get wrong, by the name of the step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlconvert.errors import Refusal
from mlconvert.text import for_terminal


def refusals(estimator: Any) -> Iterator[Refusal]:
    """All that is in the way, step by step."""
    from mlconvert_plugins.sklearnpipelines.walking import estimators

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


def _tokens(step: Any) -> Iterator[Refusal]:
    """Words by another pattern than the usual ones: Python's and Java's regular expressions are not the same."""
    from mlconvert_plugins.sklearnpipelines.equivalents import TOKENS

    if step.tokenizer is None and step.token_pattern not in TOKENS:
        message = f"the token_pattern {for_terminal(step.token_pattern)} may mean something else in Java"
        fix = "keep the default pattern, or \\b\\w+\\b"
        yield Refusal("unsupported-estimator", message, f"{type(step).__name__} token_pattern", fix)


def _outliers(step: Any) -> Iterator[Refusal]:
    kind = type(step).__name__
    message = "a model of outliers has no target, and its document no prediction that others would know"
    yield Refusal("unsupported-estimator", message, kind, "take an isolation forest alone to a jar with --via forest")


_CHECKS = {
    "KNeighborsClassifier": _neighbours,
    **dict.fromkeys(("CountVectorizer", "TfidfVectorizer"), _tokens),
    **dict.fromkeys(("IsolationForest", "OneClassSVM", "SGDOneClassSVM", "LocalOutlierFactor"), _outliers),
}

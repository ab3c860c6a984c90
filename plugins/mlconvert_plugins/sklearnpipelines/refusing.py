"""What JPMML-SkLearn is known to get wrong, by the name of the step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError, Refusal
from mlconvert.text import for_terminal
from mlconvert_plugins.sklearntrees.nodes import TREES

if TYPE_CHECKING:
    from mlconvert_plugins.sklearnpipelines.model import Model


_AGAINST_REST = ("SGDClassifier", "OneVsRestClassifier")
# Above it the sigmoid is 1 or next to it.
_SATURATED = 32.0


def refusals(estimator: Any) -> Iterator[Refusal]:
    """All that is in the way, step by step."""
    from mlconvert_plugins.sklearnpipelines.walking import estimators

    for step in estimators(estimator):
        check = _CHECKS.get(type(step).__name__)
        if check is not None:
            yield from check(step)


def check_margins(model: Model, seed: int) -> None:
    """Raise ConversionError for one class against the rest whose margins two sigmoids at once take for 1.

    scikit-learn picks the largest margin, JPMML the largest probability.
    """
    from mlconvert_plugins.sklearnpipelines import probing

    last = getattr(model.estimator, "_final_estimator", model.estimator)
    if type(last).__name__ not in _AGAINST_REST or len(model.signature.labels) < 3:
        return
    for probe in probing.probes(model, seed):
        margins = model.answer(probe.inputs)["margin"]
        if ((margins > _SATURATED).sum(axis=1) > 1).any():
            raise ConversionError(
                f"margins of {margins.max():.3g} make probabilities of 1 for several classes, and no one the largest",
                code="unsupported-estimator", where=type(last).__name__,
                fix="fit it with more regularization, or fit a LogisticRegression",
            )  # fmt: skip


def _neighbours(step: Any) -> Iterator[Refusal]:
    """Neighbours that vote: scikit-learn takes the first of the classes with most votes, JPMML another."""
    classes, neighbours = len(getattr(step, "classes_", ())), step.n_neighbors
    if step.weights == "uniform" and not (neighbours == 1 or (classes == 2 and neighbours % 2)):
        message = f"{neighbours} neighbours of {classes} classes can vote alike, and JPMML breaks ties in another way"
        yield Refusal(
            "unsupported-estimator", message, "KNeighborsClassifier n_neighbors",
            "fit it with weights='distance', or one neighbour",
        )  # fmt: skip


def _outputs(step: Any) -> Iterator[Refusal]:
    """Trees of several outputs, of which a document would need one for each."""
    if getattr(step, "n_outputs_", 1) > 1:
        message = "JPMML knows no trees of several outputs"
        yield Refusal("unsupported-estimator", message, type(step).__name__, "fit a model for each output")


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
    **dict.fromkeys((*TREES, "RandomForestRegressor", "ExtraTreesRegressor"), _outputs),
    **dict.fromkeys(("CountVectorizer", "TfidfVectorizer"), _tokens),
    **dict.fromkeys(("IsolationForest", "OneClassSVM", "SGDOneClassSVM", "LocalOutlierFactor"), _outliers),
}

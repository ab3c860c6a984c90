"""What JPMML-SkLearn is known to get wrong, by the name of the step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError, Refusal
from mlconvert.text import for_terminal
from mlconvert_plugins.sklearntrees.nodes import TREES

if TYPE_CHECKING:
    from mlconvert_plugins.sklearnpipelines.model import Model


_AGAINST_REST = ("SGDClassifier", "OneVsRestClassifier")
# Above it the sigmoid is 1 or next to it.
_SATURATED = 32.0


def refusals(estimator: Any, columns: int) -> Iterator[Refusal]:
    """All that is in the way of an estimator of so many columns, part by part."""
    from mlconvert_plugins.sklearnpipelines.walking import parts

    found: dict[Refusal, None] = {}
    for part in parts(estimator, columns):
        for check in _CHECKS.get(type(part.step).__name__, ()):
            found.update(dict.fromkeys(check(part.step)))
    yield from found


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
        yield _refused(message, step, "n_neighbors", "fit it with weights='distance', or one neighbour")


def _pairs(step: Any) -> Iterator[Refusal]:
    if len(step.classes_) > 2:
        message = f"pairs of {len(step.classes_)} classes can vote alike, and JPMML breaks ties in another way"
        yield _refused(message, step, "", "fit a LinearSVC")


def _voters(step: Any) -> Iterator[Refusal]:
    if step.voting == "hard" and (len(step.classes_) > 2 or step.weights is not None or len(step.estimators_) % 2 == 0):
        message = "its voters can vote alike, and JPMML breaks ties in another way"
        yield _refused(message, step, "voting", "fit it with voting='soft', or an odd number of voters for two classes")


def _bag(step: Any) -> Iterator[Refusal]:
    if any(not hasattr(one, "predict_proba") for one in step.estimators_):
        message = f"{type(step.estimators_[0]).__name__} has no probabilities: each of the bag votes for a class"
        yield _refused(message, step, "estimator", "fit a bag of estimators that have predict_proba")


def _parameter(name: str, *known: Any) -> Callable[[Any], Iterator[Refusal]]:
    """A check that a parameter has one of the values of which JPMML takes notice."""

    def check(step: Any) -> Iterator[Refusal]:
        value = getattr(step, name, known[0])
        if value not in known:
            message = f"JPMML takes no notice of {name}={for_terminal(repr(value), 60)}"
            yield _refused(message, step, name, f"fit it with {name}={known[0]!r}")

    return check


def _refused(message: str, step: Any, parameter: str, fix: str) -> Refusal:
    return Refusal("unsupported-estimator", message, f"{type(step).__name__} {parameter}".rstrip(), fix)


def _single(step: Any) -> Iterator[Refusal]:
    import numpy as np

    if np.dtype(step.dtype) != np.float64:
        message = f"it computes in {np.dtype(step.dtype)}, and JPMML in float64"
        yield _refused(message, step, "dtype", "fit it with dtype=numpy.float64")


def _outputs(step: Any) -> Iterator[Refusal]:
    """Trees of several outputs, of which a document would need one for each."""
    if getattr(step, "n_outputs_", 1) > 1:
        message = "JPMML knows no trees of several outputs"
        yield _refused(message, step, "", "fit a model for each output")


def _tokens(step: Any) -> Iterator[Refusal]:
    """Words by another pattern than the usual ones: Python's and Java's regular expressions are not the same."""
    from mlconvert_plugins.sklearnpipelines.equivalents import TOKENS

    if step.tokenizer is None and step.token_pattern not in TOKENS:
        message = f"the token_pattern {for_terminal(step.token_pattern)} may mean something else in Java"
        fix = "keep the default pattern, or \\b\\w+\\b"
        yield _refused(message, step, "token_pattern", fix)


def _outliers(step: Any) -> Iterator[Refusal]:
    message = "a model of outliers has no target, and its document no prediction that others would know"
    yield _refused(message, step, "", "take an isolation forest alone to a jar with --via forest")


_CHECKS: Mapping[str, tuple[Callable[[Any], Iterator[Refusal]], ...]] = {
    "KNeighborsClassifier": (_neighbours,),
    "VotingClassifier": (_voters,),
    "BaggingClassifier": (_bag,),
    "MinMaxScaler": (_parameter("clip", False),),
    **dict.fromkeys(("ColumnTransformer", "FeatureUnion"), (_parameter("transformer_weights", None),)),
    "OrdinalEncoder": (_parameter("min_frequency", None), _parameter("max_categories", None)),
    **dict.fromkeys(("SVC", "NuSVC"), (_pairs,)),
    **dict.fromkeys((*TREES, "RandomForestRegressor", "ExtraTreesRegressor"), (_outputs,)),
    "CountVectorizer": (_tokens,),
    "TfidfVectorizer": (_tokens, _single),
    **dict.fromkeys(("IsolationForest", "OneClassSVM", "SGDOneClassSVM", "LocalOutlierFactor"), (_outliers,)),
}
# JPMML names what it does not know by its Python class, and then the attribute.
_CLASS, _ATTRIBUTE = re.compile(r"Python class ([\w.]+)"), re.compile(r"Attribute '(\w+)'")


def explained(error: ConversionError) -> ConversionError:
    """JPMML's reason, with the class and the attribute that it is about."""
    kinds, attributes = _CLASS.findall(error.message), _ATTRIBUTE.findall(error.message)
    if error.code != "jpmml-refused" or not kinds:
        return error
    message = re.sub(r"\s*;?\s*ClassCastException:.*|^SkLearnException: ", "", error.message)
    where = " ".join([kinds[-1 if not attributes else 0].rpartition(".")[2], *attributes[:1]])
    fix = "leave it out, or fit another in its place; `--via` with another provider may know it"
    return ConversionError(message, code=error.code, where=where, fix=fix)

"""scikit-learn's models, as nyoka must see them, and what must be put right in what it writes of them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError, Refusal
from mlconvert.text import for_terminal
from mlconvert_plugins.nyokawriter import linear, nodes, sums
from mlconvert_plugins.nyokawriter.document import child
from mlconvert_plugins.nyokawriter.exact import exact
from mlconvert_plugins.nyokawriter.names import Names

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from mlconvert_plugins.trees.model import Forest

_JPMML = "convert it with JPMML, without --via"
# What nyoka writes, and cannot be made right by putting numbers right.
_WRONG = {
    "GaussianNB": "nyoka's naive Bayes multiplies densities, which vanish where scikit-learn adds their logarithms",
    "KNeighborsClassifier": "neighbours at one distance have no order in PMML",
    "KNeighborsRegressor": "neighbours at one distance have no order in PMML",
    "IsolationForest": "nyoka's isolation forests answer with another score",
    "OneClassSVM": "nyoka's one-class SVM answers with another score",
}
_CLASSIFIERS = ("LogisticRegression", "LinearDiscriminantAnalysis", "SGDClassifier")
_UNSHARED = "nyoka gives the model probabilities, which it does not have"


@dataclass(frozen=True)
class Kind:
    """How a model goes through nyoka: `shell` makes what nyoka is given, `repair` mends the top-level element."""

    shell: Callable[[Any, Names], Any]
    repair: Callable[[Element, Any], None]


def refusals(model: Any) -> Iterator[Refusal]:
    """What of a fitted model nyoka cannot write."""
    name = type(model).__name__
    if name not in KINDS or not type(model).__module__.startswith("sklearn."):
        message = _WRONG.get(name, f"nyoka does not write {for_terminal(name)}")
        yield Refusal("unsupported-estimator", message, for_terminal(name), _JPMML)
        return
    if hasattr(model, "classes_") and not hasattr(model, "predict_proba"):
        yield Refusal("no-probability", _UNSHARED, name, _JPMML)
    try:
        found = forest_of(model)
        if found is not None:
            yield from sums.refusals(found)
        else:
            yield from linear.refusals(model)
    except ConversionError as error:
        yield Refusal(error.code, error.message, error.where, error.fix)


def forest_of(model: Any) -> Forest | None:
    """The forest that a tree model is; None for any other. Raises ConversionError for one that is damaged."""
    from mlconvert_plugins.sklearntrees import forest

    return forest.read(model) if KINDS[type(model).__name__].shell in (_trees, _boosted) else None


def _trees(model: Any, names: Names) -> Any:
    """Trees are read as they are; the classes are stand-ins."""
    import numpy as np

    found = copy.copy(model)
    if names.classes:
        found.classes_ = np.array(names.class_stand_ins)
    return found


def _boosted(model: Any, names: Names) -> Any:
    """The sums begin where the forest says: nyoka's idea of that is thrown away."""
    import numpy as np

    found = _trees(model, names)
    found.n_estimators = len(model.estimators_)
    outputs = max(len(names.classes), 1)
    found.init_ = SimpleNamespace(constant_=np.zeros(1), class_prior_=np.full(outputs, 1 / outputs))
    return found


def _mend_tree(element: Element, model: Any) -> None:
    nodes.repair(element, _scorer(model), 0)


def _mend_mean(element: Element, model: Any) -> None:
    scorer = _scorer(model)
    segments = child(element, "Segmentation").findall("Segment")
    for tree, segment in enumerate(segments):
        nodes.repair(child(segment, "TreeModel"), scorer, tree)


def _mend_sum(element: Element, model: Any) -> None:
    sums.repair(element, _scorer(model))


def _scorer(model: Any) -> Any:
    from mlconvert_plugins.trees.score import Scorer

    found = forest_of(model)
    assert found is not None, "only models of trees are asked for theirs"
    return Scorer(found)


def _linear(model: Any, names: Names) -> Any:
    return linear.shell(model, names)


def _support_vectors(model: Any, names: Names) -> Any:
    attributes = {name: getattr(model, name) for name in ("kernel", "degree", "support_")}
    attributes |= {name: exact(getattr(model, name)) for name in ("dual_coef_", "intercept_", "support_vectors_")}
    attributes |= {name: exact(getattr(model, name)).item() for name in ("_gamma", "coef0")}
    return linear.of_class(model, attributes)


def _perceptron(model: Any, names: Names) -> Any:
    attributes: dict[str, Any] = {
        "activation": model.activation,
        "out_activation_": model.out_activation_,
        "hidden_layer_sizes": [len(bias) for bias in model.intercepts_[:-1]],
        "coefs_": [exact(one) for one in model.coefs_],
        "intercepts_": [exact(one) for one in model.intercepts_],
    }
    return linear.of_class(model, attributes | linear.classes(names))


def _as_it_is(element: Element, model: Any) -> None:
    """Nothing but numbers had to be right."""


KINDS: dict[str, Kind] = {
    **dict.fromkeys(("DecisionTreeClassifier", "DecisionTreeRegressor"), Kind(_trees, _mend_tree)),
    **dict.fromkeys(("RandomForestClassifier", "RandomForestRegressor"), Kind(_trees, _mend_mean)),
    **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), Kind(_boosted, _mend_sum)),
    **dict.fromkeys(("LinearRegression", "LinearSVR"), Kind(_linear, _as_it_is)),
    **dict.fromkeys(
        ("LogisticRegression", "LinearDiscriminantAnalysis", "SGDClassifier"), Kind(_linear, linear.repair)
    ),
    "SVR": Kind(_support_vectors, _as_it_is),
    **dict.fromkeys(("MLPClassifier", "MLPRegressor"), Kind(_perceptron, _as_it_is)),
}

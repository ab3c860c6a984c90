"""Which class of scikit-learn is which forest: summation, averaging, base, link and rule of labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert_plugins.sklearntrees import histogram
from mlconvert_plugins.sklearntrees.nodes import Trees, add_tree
from mlconvert_plugins.trees.model import Link

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Ensemble:
    """How an estimator's trees become outputs. `base` is float64[outputs].

    `has_margin` says whether a classifier answers with the sums itself (`decision_function`).
    """

    trees: Trees
    outputs: int
    width: int = 1
    base: np.ndarray | None = None
    divisor: int = 1
    link: Link = field(default_factory=Link)
    label: str = "probability"
    read: str = "float32"
    has_margin: bool = False


def refused(message: str, where: str, fix: str = "", code: str = "unsupported-estimator") -> ConversionError:
    """What keeps an estimator from becoming a forest."""
    return ConversionError(message, code=code, where=where, fix=fix)


def read(estimator: Any) -> Ensemble:
    """The ensemble of a fitted estimator. Raises ConversionError that names the class or the attribute."""
    kind = type(estimator)
    reader = _READERS.get(kind.__name__) if kind.__module__.startswith("sklearn.") else None
    if reader is None:
        raise refused(
            f"{kind.__module__}.{kind.__qualname__} is no tree model that is known here", kind.__name__,
            f"known are: {', '.join(_READERS)}",
        )  # fmt: skip
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise refused(
            "the estimator is not fitted", kind.__name__, "call fit before the conversion", "not-fitted"
        ) from None
    return reader(estimator)


def _tree(estimator: Any) -> Ensemble:
    import numpy as np

    trees = Trees()
    width = _add_plain(trees, estimator, None)
    # A tree alone answers with its values and adds nothing: -0.0 leaves every one as it is, -0.0 too.
    return Ensemble(trees, width, width, base=np.full(width, -0.0))


def _averaged(estimator: Any) -> Ensemble:
    """The mean of the trees' values, added in their order, then divided."""
    trees = Trees()
    width = 0
    chosen = getattr(estimator, "estimators_features_", None)
    for number, tree in enumerate(estimator.estimators_):
        if chosen is not None:
            _check_bagged(estimator, tree)
        width = _add_plain(trees, tree, None if chosen is None else [int(column) for column in chosen[number]])
    return Ensemble(trees, width, width, divisor=len(estimator.estimators_))


def _check_bagged(estimator: Any, tree: Any) -> None:
    where = type(estimator).__name__
    if type(tree).__name__ not in _TREES:
        raise refused(f"it is a bag of {type(tree).__name__}, not of trees", where)
    if hasattr(tree, "classes_") and len(tree.classes_) != len(estimator.classes_):
        raise refused("one of its trees has not seen every class", where, "fit it on more rows a class")


def _add_plain(trees: Trees, estimator: Any, columns: list[int] | None) -> int:
    """Take in one tree with its values as they are: shares of classes, or outputs of a regressor; their number."""
    tree = estimator.tree_
    if hasattr(estimator, "classes_"):
        if estimator.n_outputs_ != 1:
            raise refused("a classifier of several outputs has no one set of classes", type(estimator).__name__)
        value = tree.value[:, 0, : estimator.n_classes_]
    else:
        value = tree.value[:, :, 0]
    add_tree(trees, tree, value, columns)
    return int(value.shape[1])


def _boosted(estimator: Any) -> Ensemble:
    """`learning_rate` times each tree's value, added to what the initial estimator says of every row."""
    import numpy as np

    where = type(estimator).__name__
    if not (isinstance(estimator.init_, str) or type(estimator.init_).__module__ == "sklearn.dummy"):
        raise refused("its initial estimator is a model of its own", f"{where} init", "fit it with init=None or 'zero'")
    trees = Trees()
    for stage in estimator.estimators_:
        for tree in stage:
            add_tree(trees, tree.tree_, estimator.learning_rate * tree.tree_.value[:, 0, :])
    base = estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_), dtype=np.float32))[0]
    outputs = estimator.estimators_.shape[1]
    link, label = _loss(estimator, outputs, "margin or zero")
    return Ensemble(trees, outputs, base=base, link=link, label=label, has_margin=True)


def _histogram(estimator: Any) -> Ensemble:
    trees = Trees()
    histogram.add_trees(trees, estimator)
    outputs = estimator.n_trees_per_iteration_
    base = estimator._baseline_prediction.ravel().astype("f8")
    if estimator._baseline_prediction.dtype != base.dtype:
        raise refused("its baseline is not float64", type(estimator).__name__)
    link, label = _loss(estimator, outputs, "margin")
    return Ensemble(trees, outputs, base=base, link=link, label=label, read="float64", has_margin=True)


def _loss(estimator: Any, outputs: int, label: str) -> tuple[Link, str]:
    """The link of a boosted model's loss, and the rule of its labels."""
    name = type(estimator._loss).__name__
    if hasattr(estimator, "classes_"):
        scales = {"HalfBinomialLoss": 1.0, "ExponentialLoss": 2.0}
        if name == "HalfMultinomialLoss" and outputs > 2:
            return Link("softmax"), label
        if name in scales and outputs == 1:
            return Link("sigmoid", scales[name]), label
    elif name in _LINKS:
        return Link(_LINKS[name]), "probability"
    raise refused(f"the loss {name} is not known here", f"{type(estimator).__name__} loss")


_LINKS = {
    "HalfSquaredError": "identity",
    "AbsoluteError": "identity",
    "HuberLoss": "identity",
    "PinballLoss": "identity",
    "HalfPoissonLoss": "exp",
    "HalfGammaLoss": "exp",
}
_TREES = ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor")
_FORESTS = ("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor")
_BAGS = ("BaggingClassifier", "BaggingRegressor")
_READERS: dict[str, Callable[[Any], Ensemble]] = {
    **dict.fromkeys(_TREES, _tree),
    **dict.fromkeys((*_FORESTS, *_BAGS), _averaged),
    **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), _boosted),
    **dict.fromkeys(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), _histogram),
}

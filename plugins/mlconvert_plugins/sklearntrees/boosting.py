"""Boosted trees: both kinds of gradient boosting, and AdaBoost."""

from __future__ import annotations

from typing import Any

from mlconvert_plugins.sklearntrees import histogram
from mlconvert_plugins.sklearntrees.ensemble import Ensemble, refused
from mlconvert_plugins.sklearntrees.nodes import Trees, add_tree, is_tree
from mlconvert_plugins.trees.model import Link

_LINKS = {
    "HalfSquaredError": "identity",
    "AbsoluteError": "identity",
    "HuberLoss": "identity",
    "PinballLoss": "identity",
    "HalfPoissonLoss": "exp",
    "HalfGammaLoss": "exp",
}


def gradient(estimator: Any) -> Ensemble:
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


def histograms(estimator: Any) -> Ensemble:
    """The trees' values as they are, added to the baseline."""
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


def ada(estimator: Any) -> Ensemble:
    """SAMME: each tree's weight for the class that it votes for, and the weight's share against every other.

    Of two classes scikit-learn subtracts the first's sum from the second's, which is twice the second's.
    """
    import numpy as np

    where = type(estimator).__name__
    if getattr(estimator, "algorithm", "SAMME") == "SAMME.R":
        raise refused("it adds logarithms of probabilities (SAMME.R)", f"{where} algorithm", "fit it with SAMME")
    classes = len(estimator.classes_)
    trees = Trees()
    for tree, weight in zip(estimator.estimators_, estimator.estimator_weights_, strict=False):
        if not is_tree(tree):
            raise refused(f"it boosts {type(tree).__name__}, not trees", where)
        voted = tree.classes_[tree.tree_.value[:, 0, :].argmax(axis=1)]
        votes = np.where(voted[:, None] == estimator.classes_, weight, -1 / (classes - 1) * weight)
        add_tree(trees, tree.tree_, 2 * votes[:, 1:] if classes == 2 else votes)
    total = float(estimator.estimator_weights_.sum())
    if not total > 0:
        raise refused("the weights of its trees add up to nothing", f"{where} estimator_weights_")
    if classes == 2:
        return Ensemble(trees, 1, divisor=total, link=Link("sigmoid"), label="margin")
    link = Link("softmax", 1 / (classes - 1))
    return Ensemble(trees, classes, classes, divisor=total, link=link, label="margin")


def weighted_median(estimator: Any) -> Ensemble:
    """Refused: no sum of trees is a median."""
    raise refused("it answers with a weighted median of its trees, not with a sum", type(estimator).__name__)

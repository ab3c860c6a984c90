"""A tree alone, and means of trees: forests and bags, whose trees' values are added in order, then divided."""

from __future__ import annotations

from typing import Any

from mlconvert_plugins.sklearntrees.ensemble import Ensemble, refused
from mlconvert_plugins.sklearntrees.nodes import Trees, add_tree, is_tree


def tree(estimator: Any) -> Ensemble:
    """A tree alone answers with its values."""
    import numpy as np

    trees = Trees()
    width = _add_plain(trees, estimator)
    # It adds nothing: -0.0 leaves every value as it is, -0.0 too.
    return Ensemble(trees, width, width, base=np.full(width, -0.0))


def forest(estimator: Any) -> Ensemble:
    """A forest gives every column to every tree."""
    trees = Trees()
    width = 0
    for one in estimator.estimators_:
        width = _add_plain(trees, one)
    return Ensemble(trees, width, width, divisor=len(estimator.estimators_))


def bag(estimator: Any) -> Ensemble:
    """A bag gives each tree columns of its own."""
    trees = Trees()
    width = 0
    for one, columns in zip(estimator.estimators_, estimator.estimators_features_, strict=True):
        _check_bagged(estimator, one)
        width = _add_plain(trees, one, columns)
    return Ensemble(trees, width, width, divisor=len(estimator.estimators_))


def _check_bagged(estimator: Any, one: Any) -> None:
    where = type(estimator).__name__
    if not is_tree(one):
        raise refused(f"it is a bag of {type(one).__name__}, not of trees", where)
    if hasattr(one, "classes_") and len(one.classes_) != len(estimator.classes_):
        raise refused("one of its trees has not seen every class", where, "fit it on more rows a class")


def _add_plain(trees: Trees, estimator: Any, columns: Any = None) -> int:
    """Take in one tree with its values as they are: shares of classes, or outputs of a regressor; their number."""
    own = estimator.tree_
    if hasattr(estimator, "classes_"):
        if estimator.n_outputs_ != 1:
            raise refused("a classifier of several outputs has no one set of classes", type(estimator).__name__)
        value = own.value[:, 0, : estimator.n_classes_]
    else:
        value = own.value[:, :, 0]
    add_tree(trees, own, value, columns)
    return int(value.shape[1])

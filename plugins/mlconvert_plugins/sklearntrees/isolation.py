"""Isolation forests: the depths at which trees isolate a row, added up, and the score of their mean."""

from __future__ import annotations

from typing import Any

from mlconvert_plugins.sklearntrees.ensemble import Ensemble, refused
from mlconvert_plugins.sklearntrees.nodes import Trees, add_tree
from mlconvert_plugins.trees.model import Link


def isolation(estimator: Any) -> Ensemble:
    """The prediction is `decision_function`: below 0 for what `predict` calls an outlier.

    From `_parallel_compute_tree_depths` and `_compute_score_samples` in sklearn/ensemble/_iforest.py.
    """
    from sklearn.ensemble._iforest import _average_path_length

    where = type(estimator).__name__
    divisor = float(len(estimator.estimators_) * _average_path_length([estimator._max_samples])[0])
    if not divisor > 0:
        raise refused("each of its trees has seen a single row", f"{where} max_samples", "fit it on more rows a tree")
    trees = Trees()
    for number, tree in enumerate(estimator.estimators_):
        length, below = estimator._decision_path_lengths[number], estimator._average_path_length_per_tree[number]
        add_tree(trees, tree.tree_, (length + below - 1.0)[:, None], estimator.estimators_features_[number])
    return Ensemble(trees, 1, divisor=divisor, link=Link("isolation", offset=float(estimator.offset_)))

"""Trees of histogram gradient boosting. From `_predictor.pyx`, `_predict_one_from_raw_data`, of scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlconvert_plugins.sklearntrees.ensemble import refused
from mlconvert_plugins.sklearntrees.nodes import Asked, Trees
from mlconvert_plugins.trees.model import Decision

if TYPE_CHECKING:
    import numpy as np

# By the side of missing values, left then right. Unknown categories go with them, which one set can say: known ones
# that go left where that is right, known ones that go right where it is left.
_DECISIONS = (
    Decision("<=", "left", "nan"),
    Decision("<=", "right", "nan"),
    Decision("in", "left", codes="floor", members="right"),
    Decision("in", "right", codes="floor", members="left"),
)


def add_trees(trees: Trees, estimator: Any) -> None:
    """Take in the trees of a fitted HistGradientBoosting estimator, iteration by iteration, output by output."""
    import numpy as np

    known, place = estimator._bin_mapper.make_known_categories_bitsets()
    categorical, columns = np.asarray(estimator._bin_mapper.is_categorical_), np.array(columns_of(estimator))
    where = type(estimator).__name__
    for iteration in estimator._predictors:
        for predictor in iteration:
            nodes = predictor.nodes
            inner = nodes["is_leaf"] == 0
            if (inner & (categorical[nodes["feature_idx"]] != nodes["is_categorical"])).any():
                raise refused("a node compares categories, or looks for a number in a set", where, code="bad-sklearn")
            left, right = (np.where(inner, nodes[side].astype(np.int64), -1) for side in ("left", "right"))
            asked = Asked(
                columns[nodes["feature_idx"]],
                2 * (nodes["is_categorical"] != 0) + (nodes["missing_go_to_left"] == 0),
                np.where(nodes["is_categorical"] != 0, np.nan, nodes["num_threshold"]),
                _DECISIONS,
                _members(nodes, inner, predictor.raw_left_cat_bitsets, known, place),
            )
            trees.add(left, right, asked, nodes["value"][:, None], nodes["count"])


def columns_of(estimator: Any) -> list[int]:
    """The model's column behind each column that the trees see: its encoder puts the categorical ones first."""
    import numpy as np

    if estimator.is_categorical_ is None:
        return list(range(estimator._n_features))
    categorical = np.asarray(estimator.is_categorical_)
    return [*np.flatnonzero(categorical).tolist(), *np.flatnonzero(~categorical).tolist()]


def _members(
    nodes: Any, inner: np.ndarray, to_left: np.ndarray, known: np.ndarray, place: np.ndarray
) -> dict[int, bytes]:
    """The bits of each node's set: the categories that go left, or the known ones of its column that do not."""
    import numpy as np

    found = {}
    for node in np.flatnonzero(inner & (nodes["is_categorical"] != 0)).tolist():
        bits = to_left[nodes["bitset_idx"][node]]
        if nodes["missing_go_to_left"][node]:
            bits = known[place[nodes["feature_idx"][node]]] & ~bits
        found[node] = bits.astype("<u4").tobytes()
    return found

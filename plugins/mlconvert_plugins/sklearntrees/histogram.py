"""Trees of histogram gradient boosting. From `_predictor.pyx`, `_predict_one_from_raw_data`, of scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlconvert_plugins.sklearntrees.nodes import Node, Trees
from mlconvert_plugins.trees.model import Decision

if TYPE_CHECKING:
    import numpy as np


def add_trees(trees: Trees, estimator: Any) -> None:
    """Take in the trees of a fitted HistGradientBoosting estimator, iteration by iteration, output by output."""
    import numpy as np

    known, place = estimator._bin_mapper.make_known_categories_bitsets()
    columns = columns_of(estimator)
    for iteration in estimator._predictors:
        for predictor in iteration:
            nodes = predictor.nodes
            inner = nodes["is_leaf"] == 0
            left, right = (np.where(inner, nodes[side].astype(np.int64), -1) for side in ("left", "right"))
            ask = _Asking(nodes, columns, predictor.raw_left_cat_bitsets, known, place)
            trees.add(left, right, ask.node, nodes["value"][:, None], nodes["count"])


def columns_of(estimator: Any) -> list[int]:
    """The model's column behind each column that the trees see: its encoder puts the categorical ones first."""
    import numpy as np

    if estimator.is_categorical_ is None:
        return list(range(estimator._n_features))
    categorical = np.asarray(estimator.is_categorical_)
    return [*np.flatnonzero(categorical).tolist(), *np.flatnonzero(~categorical).tolist()]


class _Asking:
    """The nodes of one tree."""

    def __init__(self, nodes: Any, columns: list[int], left: np.ndarray, known: np.ndarray, place: np.ndarray) -> None:
        self.nodes, self.columns, self.left, self.known, self.place = nodes, columns, left, known, place

    def node(self, index: int) -> Node:
        """What a node asks. Unknown categories go where missing values go, which one set can say:
        known ones that go left where that is right, known ones that go right where it is left.
        """
        entry = self.nodes[index]
        column = int(entry["feature_idx"])
        default = "left" if entry["missing_go_to_left"] else "right"
        if not entry["is_categorical"]:
            return Node(self.columns[column], Decision("<=", default, "nan"), float(entry["num_threshold"]))
        bits = self.left[entry["bitset_idx"]]
        if default == "left":
            bits = self.known[self.place[column]] & ~bits
        members = "right" if default == "left" else "left"
        decision = Decision("in", default, codes="floor", members=members)
        return Node(self.columns[column], decision, members=bits.astype("<u4").tobytes())

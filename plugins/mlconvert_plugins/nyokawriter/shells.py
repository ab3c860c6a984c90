"""What nyoka asks of LightGBM's and XGBoost's estimators, answered from a forest.

nyoka goes by the names of the classes. The trees that it is given have the model's shape; their numbers come out with
sixteen decimals, whatever their size, and are put right afterwards.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlconvert_plugins.nyokawriter.names import Names

if TYPE_CHECKING:
    from mlconvert_plugins.trees.score import Scorer


class _Booster:
    """A Booster, as far as its dump goes: trees in turn of the outputs that they add to."""

    def __init__(self, scorer: Scorer, trees: list[int]) -> None:
        self.scorer = scorer
        self.trees = trees

    def dump_model(self) -> dict[str, Any]:
        """LightGBM's dump."""
        roots = self.scorer.roots
        return {"tree_info": [{"tree_structure": self._lightgbm(int(roots[tree]))} for tree in self.trees]}

    def get_dump(self, dump_format: str) -> list[str]:
        """XGBoost's dump, a JSON text for each tree."""
        return [json.dumps(self._xgboost(int(self.scorer.roots[tree]))) for tree in self.trees]

    def _lightgbm(self, place: int) -> dict[str, Any]:
        if place < 0:
            return {"leaf_index": ~place, "leaf_value": self._leaf(place)}
        left, right = self.scorer.children[place].tolist()
        return {
            "split_feature": self._column(place),
            "threshold": float(self.scorer.threshold[place]),
            "left_child": self._lightgbm(left),
            "right_child": self._lightgbm(right),
        }

    def _xgboost(self, place: int) -> dict[str, Any]:
        if place < 0:
            return {"leaf": self._leaf(place)}
        return {
            "split": f"f{self._column(place)}",
            "split_condition": float(self.scorer.threshold[place]),
            "children": [self._xgboost(child) for child in self.scorer.children[place].tolist()],
        }

    def _leaf(self, place: int) -> float:
        return float(self.scorer.forest.leaf_value[~place, 0])

    def _column(self, place: int) -> int:
        return int(self.scorer.forest.nodes.column[place])


class _Shell:
    """An estimator around a Booster."""

    base_score = 0.0

    def __init__(self, scorer: Scorer, trees: list[int]) -> None:
        self.booster_ = self._Booster = _Booster(scorer, trees)


class _Classifier(_Shell):
    def __init__(self, scorer: Scorer, trees: list[int], names: Names) -> None:
        super().__init__(scorer, trees)
        self.classes_ = _Classes(names.class_stand_ins)
        self.n_classes_ = len(names.classes)


class _Classes(list[str]):
    """The classes, which nyoka asks for as a list, too."""

    def tolist(self) -> list[str]:
        return list(self)


class LGBMClassifier(_Classifier):
    """A classifier of LightGBM."""


class LGBMRegressor(_Shell):
    """Any other model of LightGBM."""


class XGBClassifier(_Classifier):
    """A classifier of XGBoost."""


class XGBRegressor(_Shell):
    """Any other model of XGBoost."""


_CLASSIFIERS = {"LGBM": LGBMClassifier, "XGB": XGBClassifier}
_OTHERS = {"LGBM": LGBMRegressor, "XGB": XGBRegressor}


def estimator(prefix: str, scorer: Scorer, trees: list[int], names: Names) -> Any:
    """The estimator of LightGBM (`LGBM`) or XGBoost (`XGB`) that has these trees."""
    if names.classes:
        return _CLASSIFIERS[prefix](scorer, trees, names)
    return _OTHERS[prefix](scorer, trees)

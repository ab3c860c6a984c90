"""Small XGBoost models of every kind: the matrix that conversions of XGBoost are tested over."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from exactness import Answers, both
from mlconvert_plugins.trees.tolerance import LINKED_FLOAT32

POSITIVE = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "reg:squaredlogerror")
REAL = ("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror", "two targets")
RANKING = ("rank:pairwise", "rank:ndcg")
BINARY = ("binary:logistic", "binary:logitraw", "binary:hinge", "reg:logistic")
CLASSES = ("multi:softprob", "multi:softmax", "two labels")
AT_ONCE = "targets at once"
OBJECTIVES = (*POSITIVE, *REAL, AT_ONCE, *RANKING, *BINARY, *CLASSES, "survival:aft", "rank:map")
BOOSTERS = ("gbtree", "dart")
SHAPES = ("depthwise", "lossguide", "exact", "pruned", "parallel", "removed")
CATEGORIES = ("none", "few", "many")
CUTS = ((0, None), (0, 3), (2, 2), (3, None))

# What changes how trees grow, and no answer of the ones that have grown; or where sums begin.
EXTRAS: dict[str, dict[str, Any]] = {
    "base 0.1": {"base_score": 0.1},
    "base 0.9": {"base_score": 0.9},
    "monotone": {"monotone_constraints": "(1,-1,0,0,0)"},
    "interactions": {"interaction_constraints": "[[0,1],[2,3,4]]"},
    "2 bins": {"max_bin": 2},
    "approx": {"tree_method": "approx"},
    "goss": {"subsample": 0.5, "colsample_bynode": 0.5},
    "stumps": {"max_depth": 1},
    "one leaf": {"gamma": 1e9},
    "deep": {"max_depth": 0, "max_leaves": 200, "grow_policy": "lossguide", "min_child_weight": 0.0},
    "regularised": {"max_delta_step": 0.7, "alpha": 0.3, "lambda": 2.0},
    "dropped": {"booster": "dart", "rate_drop": 0.9, "normalize_type": "forest", "sample_type": "weighted"},
}
FORMAT = "xgboost"
TOLERANCE = LINKED_FLOAT32
ROWS = 400


@dataclass(frozen=True)
class Case:
    """One cell of the matrix."""

    objective: str = "binary:logistic"
    booster: str = "gbtree"
    shape: str = "depthwise"
    categories: str = "none"
    missing: bool = True
    cut: tuple[int, int | None] = (0, None)
    extra: str = ""

    def __str__(self) -> str:
        start, count = self.cut
        missing = "missing" if self.missing else "whole"
        words = (self.objective, self.booster, self.shape, self.categories, missing, f"{start}:{count}", self.extra)
        return "-".join(filter(None, words))


def matrix() -> Iterator[Case]:
    """Every cell that XGBoost trains: the exact method knows no categories, nor do trees of several outputs."""
    cells = itertools.product(OBJECTIVES, BOOSTERS, SHAPES, CATEGORIES, (True, False))
    cuts = itertools.cycle(CUTS)
    for objective, booster, shape, categories, missing in cells:
        adaptive = objective in ("reg:absoluteerror", "reg:quantileerror")
        if shape in ("exact", "removed") and (adaptive or categories != "none"):
            continue
        if objective == AT_ONCE and (booster == "dart" or categories != "none" or shape in ("exact", "removed")):
            continue
        yield Case(objective, booster, shape, categories, missing, next(cuts))
    objectives = ("binary:logistic", "multi:softprob", "reg:gamma", "reg:logistic")
    for extra, objective in itertools.product(EXTRAS, objectives):
        yield Case(objective, categories="few", extra=extra)


def refused() -> list[Case]:
    """What XGBoost trains, and no forest is."""
    return [Case("reg:squarederror", "gblinear")]


def sample(every: int) -> list[Case]:
    """Every so many-th cell, in an order that mixes the axes."""
    cells = list(matrix())
    return [cells[number * 389 % len(cells)] for number in range(len(cells))][::every]


def rows(case: Case, generator: np.random.Generator) -> np.ndarray:
    """Rows as the case's model is trained on: numbers, zeros, codes."""
    x = generator.standard_normal((ROWS, 5))
    x[:, 1] = np.round(x[:, 1], 1)
    x[generator.random(ROWS) < 0.3, 2] = 0.0
    if case.categories != "none":
        x[:, 4] = generator.integers(0, 3 if case.categories == "few" else 90, ROWS)
    if case.missing:
        x[generator.random(x.shape) < 0.1] = np.nan
    return x


def types(case: Case) -> list[str]:
    """XGBoost's types of the columns."""
    return ["q"] * 4 + ["c" if case.categories != "none" else "q"]


def train(case: Case, seed: int = 0) -> xgboost.Booster:
    """The case's model: a handful of small trees."""
    generator = np.random.default_rng(seed)
    x = rows(case, generator)
    signal = np.nan_to_num(x[:, 0]) + np.abs(np.nan_to_num(x[:, 1])) + (np.nan_to_num(x[:, 4]) % 3) - np.isnan(x[:, 2])
    signal += 0.1 * generator.standard_normal(ROWS)
    parameters: dict[str, Any] = {
        "objective": case.objective,
        "booster": case.booster,
        "max_depth": 4,
        "nthread": 1,
        "seed": seed,
        "max_cat_to_onehot": 3,
        "min_child_weight": 0.1,
        **_shape(case.shape),
        **({"rate_drop": 0.5} if case.booster == "dart" else {}),
        **EXTRAS.get(case.extra, {}),
    }
    if case.booster == "gblinear":
        parameters = {key: parameters[key] for key in ("objective", "booster", "nthread", "seed")}
    label: Any = signal
    given: dict[str, Any] = {}
    if case.objective in POSITIVE:
        label = np.exp(signal / 3)
    elif case.objective in ("two targets", AT_ONCE):
        parameters["objective"] = "reg:squarederror"
        label = np.column_stack([signal, -signal * np.nan_to_num(x[:, 0])])
        if case.objective == AT_ONCE:
            parameters["multi_strategy"] = "multi_output_tree"
    elif case.objective == "reg:quantileerror":
        parameters["quantile_alpha"] = [0.2, 0.8]
    elif case.objective in BINARY:
        label = (signal > np.median(signal)).astype(float)
    elif case.objective == "two labels":
        parameters["objective"] = "binary:logistic"
        label = np.column_stack([signal > np.median(signal), np.nan_to_num(x[:, 0]) > 0]).astype(float)
    elif case.objective in CLASSES:
        parameters["num_class"] = 3
        label = np.digitize(signal, np.quantile(signal, [0.4, 0.7]))
    elif case.objective.startswith("rank:"):
        label, given = (signal > np.median(signal)).astype(int), {"qid": np.repeat(np.arange(20), ROWS // 20)}
    elif case.objective == "survival:aft":
        given = {"label_lower_bound": np.exp(signal / 3), "label_upper_bound": np.exp(signal / 3)}
        label = None
    data = xgboost.DMatrix(x, label, feature_types=types(case), enable_categorical=True, **given)
    return xgboost.train(parameters, data, 6)


def _shape(shape: str) -> dict[str, Any]:
    return {
        "depthwise": {"tree_method": "hist"},
        "lossguide": {"tree_method": "hist", "grow_policy": "lossguide", "max_leaves": 9, "max_depth": 0},
        "exact": {"tree_method": "exact"},
        "pruned": {"tree_method": "hist", "gamma": 2.0, "max_depth": 6},
        "parallel": {"tree_method": "hist", "num_parallel_tree": 2, "subsample": 0.5},
        "removed": {"tree_method": "exact", "gamma": 1.0, "max_depth": 6},
    }[shape]


def save(case: Case, path: Path) -> Path:
    """Write the case's model to `path`, with a suffix: JSON or UBJSON, in turns."""
    path = path.with_suffix((".json", ".ubj")[len(str(case)) % 2])
    train(case).save_model(path)
    return path


def answers(path: Path, case: Case) -> Answers:
    """What XGBoost says of rows."""
    booster = xgboost.Booster(model_file=path)
    start, count = case.cut

    def ask(x: np.ndarray) -> dict[str, np.ndarray]:
        data = xgboost.DMatrix(x, feature_types=types(case), enable_categorical=True)

        def predict(**how: bool) -> np.ndarray:
            cut = (start, start + count if count else 0)
            return booster.predict(data, iteration_range=cut, **how).reshape(len(x), -1)

        found = {"margin": predict(output_margin=True)}
        if start == 0:  # XGBoost knows no leaf numbers of later iterations alone
            found["leaves"] = predict(pred_leaf=True).astype(np.int64)
        if case.objective == "multi:softmax":
            return {**found, "label": predict()[:, 0].astype(np.int64)}
        kind = "probability" if case.objective in ("binary:logistic", "multi:softprob") else "prediction"
        return {**found, kind: both(predict()) if kind == "probability" else predict()}

    return ask

"""Small XGBoost models of every kind: the matrix that conversions of XGBoost are tested over."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost

POSITIVE = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "reg:squaredlogerror")
REAL = ("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror", "two targets")
RANKING = ("rank:pairwise", "rank:ndcg")
BINARY = ("binary:logistic", "binary:logitraw", "binary:hinge", "reg:logistic")
CLASSES = ("multi:softprob", "multi:softmax")
OBJECTIVES = (*POSITIVE, *REAL, *RANKING, *BINARY, *CLASSES, "survival:aft", "rank:map")
BOOSTERS = ("gbtree", "dart")
SHAPES = ("depthwise", "lossguide", "exact", "pruned", "parallel")
CATEGORIES = ("none", "few", "many")
CUTS = ((0, None), (0, 3), (2, 2), (3, None))

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

    def __str__(self) -> str:
        start, count = self.cut
        missing = "missing" if self.missing else "whole"
        return f"{self.objective}-{self.booster}-{self.shape}-{self.categories}-{missing}-{start}:{count}"


def matrix() -> Iterator[Case]:
    """Every cell that XGBoost trains: the exact method knows no categories."""
    cells = itertools.product(OBJECTIVES, BOOSTERS, SHAPES, CATEGORIES, (True, False))
    cuts = itertools.cycle(CUTS)
    for objective, booster, shape, categories, missing in cells:
        if shape == "exact" and (categories != "none" or objective in ("reg:absoluteerror", "reg:quantileerror")):
            continue
        yield Case(objective, booster, shape, categories, missing, next(cuts))


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
    }
    label: Any = signal
    given: dict[str, Any] = {}
    if case.objective in POSITIVE:
        label = np.exp(signal / 3)
    elif case.objective == "two targets":
        parameters["objective"] = "reg:squarederror"
        label = np.column_stack([signal, -signal * np.nan_to_num(x[:, 0])])
    elif case.objective == "reg:quantileerror":
        parameters["quantile_alpha"] = [0.2, 0.8]
    elif case.objective in BINARY:
        label = (signal > np.median(signal)).astype(float)
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
    }[shape]

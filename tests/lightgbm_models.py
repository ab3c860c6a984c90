"""Small LightGBM models of every kind: the matrix that conversions of LightGBM are tested over."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from exactness import Answers, both
from mlconvert_plugins.trees.tolerance import LINKED

REGRESSION = (
    "regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie",
    "regression sqrt", "quantile sqrt",
)  # fmt: skip
SCORES = ("lambdarank", "rank_xendcg", "custom")
CLASSES = ("binary", "binary sigmoid", "multiclass", "multiclassova", "cross_entropy", "cross_entropy_lambda")
OBJECTIVES = (*REGRESSION, *SCORES, *CLASSES)
BOOSTINGS = ("gbdt", "dart", "rf")
MISSING = ("none", "nan", "zero", "unused")
CATEGORIES = ("none", "few", "many")
CUTS = ((0, None), (0, 3), (2, 2), (3, None))

# What changes how trees grow, and no answer of the ones that have grown; or makes trees of an unusual shape.
EXTRAS: dict[str, dict[str, Any]] = {
    "goss": {"data_sample_strategy": "goss", "learning_rate": 0.9},
    "extra trees": {"extra_trees": True},
    "monotone": {"monotone_constraints": [1, -1, 0, 0, 0], "monotone_constraints_method": "intermediate"},
    "interactions": {"interaction_constraints": [[0, 1], [2, 3, 4]]},
    "quantized": {"use_quantized_grad": True},
    "smooth": {"path_smooth": 3.0, "lambda_l1": 0.2, "max_delta_step": 0.5},
    "4095 bins": {"max_bin": 4095, "min_data_in_bin": 1, "num_leaves": 64, "min_data_in_leaf": 1},
    "2 bins": {"max_bin": 2},
    "one leaf": {"min_data_in_leaf": 390},
    "stumps": {"max_depth": 1},
    "deep": {"num_leaves": 300, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0.0},
    "no average": {"boost_from_average": False},
    "unbalanced": {"is_unbalance": True},
    "one-hot": {"max_cat_to_onehot": 100},
    "ignored column": {"ignore_column": "0"},
}
FORMAT = "lightgbm"
TOLERANCE = LINKED
ROWS = 400


@dataclass(frozen=True)
class Case:
    """One cell of the matrix."""

    objective: str = "binary"
    boosting: str = "gbdt"
    missing: str = "nan"
    categories: str = "none"
    linear: bool = False
    cut: tuple[int, int | None] = (0, None)
    extra: str = ""

    def __str__(self) -> str:
        start, count = self.cut
        linear = "linear" if self.linear else "plain"
        words = (self.objective, self.boosting, self.missing, self.categories, linear, f"{start}:{count}", self.extra)
        return "-".join(filter(None, words))


def matrix() -> Iterator[Case]:
    """Every cell that LightGBM trains."""
    for objective, boosting, missing, categories, linear in itertools.product(
        OBJECTIVES, BOOSTINGS, MISSING, CATEGORIES, (False, True)
    ):
        if linear and (objective.split()[0] in ("regression_l1", "quantile", "mape") or boosting == "rf"):
            continue
        if (linear and missing == "zero") or (objective == "custom" and boosting == "rf"):
            continue
        for number, cut in enumerate(CUTS):
            # A cut is another model only where the trees are others: one cell in four each.
            if hash_of(objective, boosting, missing, categories, str(linear)) % len(CUTS) == number:
                yield Case(objective, boosting, missing, categories, linear, cut)
    for extra, objective, linear in itertools.product(EXTRAS, ("binary", "multiclass"), (False, True)):
        if not (linear and extra in ("quantized", "deep")):
            yield Case(objective, categories="few", linear=linear, extra=extra)


def refused() -> list[Case]:
    """What LightGBM trains, and no forest is: nothing."""
    return []


def hash_of(*words: str) -> int:
    """A number that is the same in every run."""
    return sum((index + 1) * sum(word.encode()) for index, word in enumerate(words))


def sample(every: int) -> list[Case]:
    """Every so many-th cell, in an order that mixes the axes."""
    cells = sorted(matrix(), key=lambda case: hash_of(str(case)[::-1]) * 7919 % 10007)
    return cells[::every]


def rows(case: Case, generator: np.random.Generator) -> np.ndarray:
    """Rows as the case's model is trained on: numbers, zeros, codes."""
    x = generator.standard_normal((ROWS, 5))
    x[:, 1] = np.round(x[:, 1], 1)
    x[generator.random(ROWS) < 0.3, 2] = 0.0
    x[:, 3] = np.float32(x[:, 3])
    if case.categories != "none":
        x[:, 4] = generator.integers(0, 4 if case.categories == "few" else 90, ROWS)
    if case.missing == "nan":
        x[generator.random(x.shape) < 0.1] = np.nan
    return x


def train(case: Case, seed: int = 0) -> lightgbm.Booster:
    """The case's model: a handful of small trees."""
    generator = np.random.default_rng(seed)
    x = rows(case, generator)
    signal = np.nan_to_num(x[:, 0]) + np.abs(np.nan_to_num(x[:, 1])) + (np.nan_to_num(x[:, 4]) % 3) - np.isnan(x[:, 2])
    signal += 0.1 * generator.standard_normal(ROWS)
    objective, _, extra = case.objective.partition(" ")
    parameters: dict[str, object] = {
        "objective": objective if objective != "custom" else _residual,
        "boosting": case.boosting,
        "linear_tree": case.linear,
        "num_leaves": 9,
        "min_data_in_leaf": 5,
        "min_data_per_group": 5,
        "cat_smooth": 1.0,
        "max_cat_to_onehot": 2,
        "drop_rate": 0.5,
        "verbosity": -1,
        "num_threads": 1,
        "seed": seed,
        "zero_as_missing": case.missing == "zero",
        "use_missing": case.missing != "unused",
        "reg_sqrt": extra == "sqrt",
        "sigmoid": 0.37 if extra == "sigmoid" else 1.0,
    }
    parameters |= EXTRAS.get(case.extra, {})
    if case.boosting == "rf":
        parameters |= {"bagging_freq": 1, "bagging_fraction": 0.6}
    label, group = signal, None
    if objective in ("binary", "cross_entropy", "cross_entropy_lambda"):
        label = (signal > np.median(signal)).astype(float)
    elif objective in ("multiclass", "multiclassova", *SCORES[:2]):
        label = np.digitize(signal, np.quantile(signal, [0.4, 0.7])).astype(float)
        parameters |= {"num_class": 3} if objective.startswith("multi") else {}
        group = [ROWS // 20] * 20 if objective in SCORES else None
    elif objective in ("poisson", "gamma", "tweedie", "mape"):
        label = np.exp(signal / 3)
    dataset = lightgbm.Dataset(x, label, group=group, categorical_feature=[4] if case.categories != "none" else [])
    return lightgbm.train(parameters, dataset, 6)


def _residual(predictions: np.ndarray, dataset: lightgbm.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """A custom objective: least squares."""
    return predictions - dataset.get_label(), np.ones_like(predictions)


def save(case: Case, path: Path) -> Path:
    """Write the case's model to `path`, with a suffix."""
    path = path.with_suffix(".txt")
    train(case).save_model(path)
    return path


def answers(path: Path, case: Case) -> Answers:
    """What LightGBM says of rows."""
    booster = lightgbm.Booster(model_str=path.read_text(encoding="utf-8"))
    start, count = case.cut

    def ask(x: np.ndarray) -> dict[str, np.ndarray]:
        def predict(**how: bool) -> np.ndarray:
            given = {"start_iteration": start, "num_iteration": count or -1}
            return np.asarray(booster.predict(x, **given, **how)).reshape(len(x), -1)

        found = {"margin": predict(raw_score=True), "leaves": predict(pred_leaf=True).astype(np.int64)}
        if case.objective.startswith(("binary", "multiclass")):
            return {**found, "probability": both(predict())}
        return {**found, "prediction": predict()}

    return ask

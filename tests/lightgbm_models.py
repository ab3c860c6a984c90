"""Small LightGBM models of every kind: the matrix that conversions of LightGBM are tested over."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import lightgbm
import numpy as np

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

    def __str__(self) -> str:
        start, count = self.cut
        linear = "linear" if self.linear else "plain"
        return f"{self.objective}-{self.boosting}-{self.missing}-{self.categories}-{linear}-{start}:{count}"


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

"""Small scikit-learn tree models of every kind: the matrix that conversions of scikit-learn are tested over."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import ensemble, tree

from exactness import Answers
from mlconvert.artifact import Artifact
from mlconvert_plugins.sklearn_runner import SklearnRunner
from mlconvert_plugins.sklearntrees import opening
from mlconvert_plugins.trees.tolerance import LINKED

FORMAT = "sklearn"
TOLERANCE = LINKED
ROWS = 300

_GROWN = ({}, {"max_depth": 4}, {"max_leaf_nodes": 9})
_BOOSTED = ({"max_depth": 3}, {"max_leaf_nodes": 5}, {"init": "zero", "learning_rate": 0.37})
_HISTOGRAM = ({"max_leaf_nodes": 9}, {"max_depth": 3, "learning_rate": 0.37})
_CRITERIA = {"Classifier": ("gini", "entropy"), "Regressor": ("squared_error", "absolute_error", "poisson")}
_ADA = ({"max_depth": 1}, {"max_depth": 3, "learning_rate": 0.37}, {"max_leaf_nodes": 9})
_ISOLATION = ({}, {"max_features": 0.6, "max_samples": 100}, {"contamination": 0.1}, {"bootstrap": True})
TASKS = ("binary", "three", "regression", "two outputs")


@dataclass(frozen=True)
class Case:
    """One cell of the matrix: the estimator's class, its parameters, what it learns, and what its rows hold."""

    name: str
    parameters: tuple[tuple[str, Any], ...] = ()
    task: str = "regression"
    rows: str = "whole"

    def __str__(self) -> str:
        given = ",".join(f"{key}={value}" for key, value in self.parameters)
        return f"{self.name}({given})-{self.task}-{self.rows}"


def matrix() -> Iterator[Case]:
    """Every cell that scikit-learn fits."""
    for kind, tasks in (("Classifier", TASKS[:2]), ("Regressor", TASKS[2:])):
        for name, parameters, criterion, task, rows in itertools.product(
            ("DecisionTree", "ExtraTree", "RandomForest", "ExtraTrees", "Bagging"),
            _GROWN, _CRITERIA[kind], tasks, ("whole", "missing"),
        ):  # fmt: skip
            if rows == "missing" and (criterion == "absolute_error" or task == "two outputs"):
                continue
            if name == "Bagging" and (task == "two outputs" or criterion not in ("gini", "squared_error")):
                continue
            yield _case(f"{name}{kind}", {**parameters, "criterion": criterion}, task, rows)
        boosted = tasks if kind == "Classifier" else tasks[:1]
        for parameters, loss, task in itertools.product(_BOOSTED, _losses(kind), boosted):
            if loss != "exponential" or task == "binary":
                yield _case(f"GradientBoosting{kind}", {**parameters, "loss": loss}, task, "whole")
        for parameters, task, rows in itertools.product(_HISTOGRAM, tasks, ("whole", "missing", "codes", "names")):
            for loss in ("log_loss",) if kind == "Classifier" else ("squared_error", "poisson", "gamma", "quantile"):
                if task != "two outputs":
                    given = {**parameters, "loss": loss, **({"quantile": 0.8} if loss == "quantile" else {})}
                    yield _case(f"HistGradientBoosting{kind}", given, task, rows)
    for parameters, task in itertools.product(_ADA, ("binary", "three", "six")):
        yield _case("AdaBoostClassifier", parameters, task, "whole")
    for parameters, rows in itertools.product(_ISOLATION, ("whole", "missing")):
        yield _case("IsolationForest", parameters, "none", rows)
    for name in ("RandomForestClassifier", "DecisionTreeRegressor", "HistGradientBoostingRegressor"):
        task = "binary" if name.endswith("Classifier") else "regression"
        yield _case(name, {"monotonic_cst": (1, 0, -1, 0, 0)}, task, "whole")


def refused() -> list[Case]:
    """What scikit-learn fits, and no forest is."""
    return [
        Case("AdaBoostRegressor"),
        Case("DecisionTreeClassifier", task="two labels"),
        Case("GradientBoostingRegressor", (("init", tree.DecisionTreeRegressor(max_depth=1)),)),
        Case("IsolationForest", (("max_samples", 1),), "none"),
    ]


def _losses(kind: str) -> tuple[str, ...]:
    return ("log_loss", "exponential") if kind == "Classifier" else ("squared_error", "huber", "quantile")


def _case(name: str, parameters: dict[str, Any], task: str, rows: str) -> Case:
    return Case(name, tuple(parameters.items()), task, rows)


def sample(every: int) -> list[Case]:
    """Every so many-th cell, in an order that mixes the axes."""
    cells = list(matrix())
    return [cells[number * 97 % len(cells)] for number in range(len(cells))][::every]


def rows(case: Case, generator: np.random.Generator) -> Any:
    """Rows as the case's model is fitted on."""
    x = generator.standard_normal((ROWS, 5))
    x[:, 1] = np.round(x[:, 1], 1)
    x[generator.random(ROWS) < 0.3, 2] = 0.0
    if case.rows == "missing":
        x[generator.random(x.shape) < 0.1] = np.nan
    if case.rows == "codes":
        x[:, 3] = generator.integers(0, 20, ROWS) * 3
        x[:, 1] = generator.integers(0, 3, ROWS)
        x[generator.random(ROWS) < 0.1, 3] = np.nan
    if case.rows == "names":
        import pandas as pd

        frame = pd.DataFrame(x, columns=list("abcde"))
        frame["d"] = pd.Categorical(generator.choice(["Bern", "Oslo", "Rome", "Zürich"], ROWS))
        return frame
    return x


def fit(case: Case, seed: int = 0) -> Any:
    """The case's model: a handful of small trees."""
    generator = np.random.default_rng(seed)
    x = rows(case, generator)
    numbers = np.nan_to_num(x if isinstance(x, np.ndarray) else x[["a", "b", "c"]].to_numpy())
    signal = numbers[:, 0] + np.abs(numbers[:, 1]) + 0.3 * generator.standard_normal(ROWS)
    label: Any = signal
    if case.task == "two outputs":
        label = np.column_stack([signal, -signal * numbers[:, 2]])
    elif case.task == "two labels":
        label = np.column_stack([signal > 0, numbers[:, 2] > 0])
    elif case.task == "binary":
        label = np.where(signal > np.median(signal), "yes", "no")
    elif case.task == "three":
        label = np.digitize(signal, np.quantile(signal, [0.4, 0.7])) * 5
    elif case.task == "six":
        label = np.digitize(signal, np.quantile(signal, [0.1, 0.3, 0.4, 0.6, 0.8]))
    parameters = dict(case.parameters)
    if parameters.get("loss") in ("poisson", "gamma") or parameters.get("criterion") == "poisson":
        label = np.exp(label / 3)
    return _estimator(case, parameters).fit(x, label)


def _estimator(case: Case, parameters: dict[str, Any]) -> Any:
    if case.name == "AdaBoostClassifier":
        grown = {key: parameters.pop(key) for key in ("max_depth", "max_leaf_nodes") if key in parameters}
        inner = tree.DecisionTreeClassifier(random_state=0, **grown)
        return ensemble.AdaBoostClassifier(inner, n_estimators=7, random_state=0, **parameters)
    module = tree if case.name.startswith(("DecisionTree", "ExtraTreeC", "ExtraTreeR")) else ensemble
    if case.name.startswith("Bagging"):
        inner = getattr(tree, case.name.replace("Bagging", "DecisionTree"))(random_state=0, **parameters)
        return getattr(module, case.name)(inner, n_estimators=5, max_features=0.8, random_state=0)
    if case.name.startswith("Hist"):
        categorical = {"codes": [1, 3], "names": "from_dtype"}.get(case.rows)
        parameters |= {"max_iter": 5, "min_samples_leaf": 5, "categorical_features": categorical}
    elif module is ensemble:
        parameters["n_estimators"] = 5
    return getattr(module, case.name)(random_state=0, **parameters)


def save(case: Case, path: Path) -> Path:
    """Write the case's model to `path`, with a suffix: a pickle, or an archive of skops, in turns."""
    from skops import io

    estimator = fit(case)
    if len(str(case)) % 2:
        opening.save(estimator, path.with_suffix(".joblib"))
        return path.with_suffix(".joblib")
    io.dump(estimator, path.with_suffix(".skops"))
    return path.with_suffix(".skops")


def answers(path: Path, case: Case) -> Answers:
    """What scikit-learn says of rows."""
    runner = SklearnRunner(Artifact(path, "sklearn"), trust=True).__enter__()
    estimator = opening.load(path, trust=True)

    def ask(x: np.ndarray) -> dict[str, np.ndarray]:
        found = dict(runner.run({"x": x}))
        if case.name.startswith(("DecisionTree", "ExtraTree", "RandomForest")):
            with np.errstate(over="ignore", invalid="ignore"):  # its check of the rows adds them all up
                found["leaves"] = np.asarray(estimator.apply(x)).reshape(len(x), -1).astype(np.int64)
        return found

    return ask

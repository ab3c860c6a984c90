"""Fitted estimators as JPMML-SkLearn reads them: plain scikit-learn, with what it asks Python for written down."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mlconvert.signature import Column
from mlconvert_plugins.sklearnpipelines import replacing
from mlconvert_plugins.sklearnpipelines.walking import Place, parts


def save(estimator: Any, columns: Sequence[Column], path: Path) -> int:
    """Pickle a prepared estimator to `path`; the bytes that it takes. The estimator is changed, and not for use."""
    import joblib

    prepared = replacing.replaced(estimator)
    _name_columns(prepared, [column.name for column in columns])
    for step in estimators(prepared):
        _note(step, may_be_missing=any(column.missing == "nan" for column in columns))
    joblib.dump(prepared, path)
    return path.stat().st_size


def _name_columns(estimator: Any, names: Sequence[str]) -> None:
    """Write the columns' names where JPMML takes them from: it has names of its own for a table that has none."""
    import numpy as np
    from sklearn.compose import ColumnTransformer

    own = [Place(column) for column in range(len(names))]
    for part in parts(estimator, len(names)):
        if isinstance(part.step, ColumnTransformer) and list(part.places) == own:
            part.step.feature_names_in_ = np.array(names, dtype=object)


def averages_chains(estimator: Any) -> bool:
    """Whether it takes the mean of several calibrated models: of their chains an evaluator finds no class again that is
    no text.
    """
    return any(len(getattr(step, "calibrated_classifiers_", ())) > 1 for step in estimators(estimator))


def _note(step: Any, *, may_be_missing: bool) -> None:
    """Write down the tags, which Python computes, and that trees have a side for missing values."""
    tags = step.__sklearn_tags__() if hasattr(step, "__sklearn_tags__") else None
    if dataclasses.is_dataclass(tags) and not isinstance(tags, type):
        step._sklearn_tags = dataclasses.asdict(tags)
    if may_be_missing:
        step.pmml_options_ = {"allow_missing": True}


def estimators(held: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """Every estimator in what is held, however deep, each once."""
    import numpy as np
    from sklearn.base import BaseEstimator

    seen = set() if seen is None else seen
    if id(held) in seen:
        return
    seen.add(id(held))
    if isinstance(held, BaseEstimator):
        yield held
    if isinstance(held, BaseEstimator) or type(held).__name__ == "_CalibratedClassifier":
        held = vars(held)
    if isinstance(held, dict):
        held = list(held.values())
    if isinstance(held, np.ndarray) and held.dtype == object:
        held = held.ravel().tolist()
    for one in held if isinstance(held, (list, tuple)) else ():
        yield from estimators(one, seen)

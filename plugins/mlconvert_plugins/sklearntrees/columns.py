"""An estimator's columns: names, categories, and whether it takes missing values."""

from __future__ import annotations

from typing import Any

from mlconvert.signature import Column


def read(estimator: Any) -> tuple[Column, ...]:
    """The columns in the model's order; those without a name are called x0, x1, … as scikit-learn does."""
    count = estimator.n_features_in_
    names = [str(name) for name in getattr(estimator, "feature_names_in_", [f"x{index}" for index in range(count)])]
    categories = categories_of(estimator)
    missing = "nan" if takes_missing(estimator) else "refused"
    return tuple(
        Column(name, "categorical", categories[index], missing)
        if index in categories
        else Column(name, "numeric", None, missing)
        for index, name in enumerate(names)
    )


def takes_missing(estimator: Any) -> bool:
    """Whether its `predict` takes NaN."""
    try:
        from sklearn.utils import get_tags
    except ImportError:  # before 1.6
        return bool(estimator._get_tags()["allow_nan"])
    return bool(get_tags(estimator).input_tags.allow_nan)


def categories_of(estimator: Any) -> dict[int, tuple[Any, ...]]:
    """The categories of each categorical column in the order of their codes, without what stands for missing."""
    import numpy as np

    flags = getattr(estimator, "is_categorical_", None)
    if flags is None:
        return {}
    encoder = estimator._preprocessor.named_transformers_["encoder"]
    columns = np.flatnonzero(np.asarray(flags)).tolist()
    return {
        column: tuple(value for value in listed.tolist() if value is not None and value == value)
        for column, listed in zip(columns, encoder.categories_, strict=True)
    }

"""Rows of codes as the table that an estimator was fitted on."""

from __future__ import annotations

from typing import Any

UNSEEN = "\0no such category"


def table(x: Any, estimator: Any, categories: dict[int, tuple[Any, ...]]) -> Any:
    """The rows with categories in the place of their codes; a code that is none becomes a category never seen."""
    import numpy as np

    if not categories:
        return x
    numeric = all(isinstance(value, (int, float)) for listed in categories.values() for value in listed)
    filled = x.copy() if numeric else x.astype(object)
    for column, listed in categories.items():
        filled[:, column] = [_category(code, listed) for code in x[:, column].tolist()]
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return filled
    import pandas as pd

    frame = pd.DataFrame(filled, columns=names)
    for column in set(range(x.shape[1])) - categories.keys():
        frame[names[column]] = x[:, column].astype(np.float64)
    return frame


def _category(code: float, listed: tuple[Any, ...]) -> Any:
    if code != code:
        return float("nan")
    if 0 <= code < len(listed):
        return listed[int(code)]
    return UNSEEN if isinstance(listed[0], str) else max(listed) + 1

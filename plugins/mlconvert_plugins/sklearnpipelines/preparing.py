"""Fitted estimators as JPMML-SkLearn reads them: plain scikit-learn, with what it asks Python for written down."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from mlconvert.errors import ConversionError
from mlconvert_plugins.sklearnpipelines.walking import parts


def save(estimator: Any, path: Path) -> int:
    """Pickle a prepared estimator to `path`; the bytes that it takes. The estimator is changed, and not for use."""
    import joblib

    for part in list(parts(estimator, 0)):
        _tag(part.step)
    joblib.dump(estimator, path)
    return path.stat().st_size


def _tag(step: Any) -> None:
    """JPMML reads a step's tags (does it take missing values?) where Python would compute them."""
    tags = step.__sklearn_tags__() if hasattr(step, "__sklearn_tags__") else None
    if dataclasses.is_dataclass(tags) and not isinstance(tags, type):
        step._sklearn_tags = dataclasses.asdict(tags)


def explained(error: ConversionError) -> ConversionError:
    """JPMML's reason."""
    return error

"""Live XGBoost models as files."""

from __future__ import annotations

from typing import Any

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal


def content_of(obj: Any) -> bytes | None:
    """The UBJSON of a Booster or of a fitted XGBModel; None for any other object.

    It holds the iterations that `predict` uses: all of a Booster's, a wrapper's up to the best one, where early
    stopping has found one. Raises ConversionError for a model that is not fitted, or that its file cannot hold.
    """
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(obj).__mro__}
    if "xgboost.Booster" in kinds:
        return _saved(obj)
    if "xgboost.XGBModel" not in kinds:
        return None
    if not obj.__sklearn_is_fitted__():
        raise ConversionError("the model is not fitted", code="not-fitted", fix="call fit before the conversion")
    missing = obj.missing
    if missing is not None and missing == missing:
        raise ConversionError(
            f"the model takes {missing} for missing, which its file does not say",
            code="unsupported-parameter",
            where="missing",
            fix="replace it with NaN in the data, and train with missing=nan",
        )
    booster = obj.get_booster()
    best = booster.attributes().get("best_iteration")
    return _saved(booster if best is None else booster[: int(best) + 1])


def _saved(booster: Any) -> bytes:
    try:
        return bytes(booster.save_raw("ubj"))
    except Exception as error:  # XGBoost's errors have no other base
        raise ConversionError(
            f"XGBoost cannot write the model: {for_terminal(error)}", code="xgboost-refused", where="save_raw"
        ) from error

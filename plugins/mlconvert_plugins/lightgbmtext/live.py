"""Live LightGBM models as text, with what LightGBM's own text leaves out: the classes."""

from __future__ import annotations

import json
import re
from typing import Any

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal
from mlconvert_plugins.lightgbmtext.sections import CLASSES

# Parameters of a wrapper that change what its `predict` answers, and their aliases.
_PREDICTING = ("pred_early_stop", "num_iteration_predict", "start_iteration_predict", "predict_raw_score", "raw_score")
_SIGMOID = re.compile(r"(?m)^objective=.*\bsigmoid:(\S+)$")


def text_of(obj: Any) -> bytes | None:
    """The text of a Booster or of a fitted LGBMModel; None for any other object.

    It holds the iterations that `predict` uses: up to the best one, where early stopping has found one. Raises
    ConversionError for a model that is not fitted, or that the text cannot hold.
    """
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(obj).__mro__}
    if "lightgbm.Booster" in kinds:
        return _text(obj, None)
    if "lightgbm.LGBMModel" not in kinds:
        return None
    if not obj.__sklearn_is_fitted__():
        raise ConversionError("the model is not fitted", code="not-fitted", fix="call fit before the conversion")
    changing = [name for name in _PREDICTING if obj.get_params().get(name)]
    if changing:
        raise ConversionError(
            f"its parameter {changing[0]} changes what predict answers",
            code="unsupported-parameter",
            where=changing[0],
            fix="fit it without this parameter; num_iteration and start_iteration are options of the conversion",
        )
    return _text(obj.booster_, getattr(obj, "classes_", None))


def _text(booster: Any, classes: Any) -> bytes:
    try:
        text = str(booster.model_to_string())
    except Exception as error:  # LightGBM's own, or json's for categories such as intervals
        raise ConversionError(
            f"LightGBM cannot write the model: {for_terminal(error)}", code="lightgbm-refused", where="model_to_string"
        ) from error
    _refuse_lost_digits(booster, text)
    return _with_classes(text, classes).encode()


def _refuse_lost_digits(booster: Any, text: str) -> None:
    """LightGBM writes six digits of `sigmoid`; a Booster that is kept as it was trained scores with all of them."""
    import numpy as np

    written = _SIGMOID.search(text)
    given = booster.params.get("sigmoid")
    if written is None or not isinstance(given, (int, float)) or float(written[1]) == float(given):
        return
    row = np.zeros((1, booster.num_feature()))
    margin, probability = booster.predict(row, raw_score=True), booster.predict(row)
    if not np.allclose(1 / (1 + np.exp(-float(written[1]) * margin)), probability, rtol=1e-12, atol=0):
        raise ConversionError(
            f"LightGBM's text holds {written[1]} for a sigmoid of {given}",
            code="lost-digits",
            where="sigmoid",
            fix="save the model with save_model and load it again: what it then scores can be converted",
        )


def _with_classes(text: str, classes: Any) -> str:
    """The classes go before the last line, where LightGBM's Python package looks for pandas' categories."""
    if classes is None or len(classes) < 2:
        return text
    listed = classes.tolist() if hasattr(classes, "tolist") else list(classes)
    if not all(isinstance(label, (str, int, float)) for label in listed):
        raise ConversionError(
            f"classes of the type {type(listed[0]).__name__} cannot be kept in a file",
            code="unsupported-classes",
            where="classes_",
            fix="train on text, numbers or booleans",
        )
    body, separator, tail = text.rpartition("\npandas_categorical:")
    line = f"\n{CLASSES.decode()}{json.dumps(listed)}\n"
    return f"{body}{line}{separator}{tail}" if separator else f"{text}{line}"

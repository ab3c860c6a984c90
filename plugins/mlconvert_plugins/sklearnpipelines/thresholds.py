"""Where the trees of a part decide, carried back to the model's own columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert_plugins.sklearnpipelines.walking import Part, Place

if TYPE_CHECKING:
    import numpy as np

    from mlconvert_plugins.trees.model import Forest

# Of each column of each part.
_MOST = 48


def thresholds(part: Part) -> dict[int, list[np.ndarray]]:
    """By the part's columns: values on both sides of its thresholds; of many, some that are spread over all."""
    import numpy as np

    forest = forest_of(part.step)
    if forest is None or len(forest.columns) != len(part.places):
        return {}
    found = {}
    ends = np.cumsum(forest.tables.threshold_count)
    for number, place in part.placed():
        own = forest.tables.threshold[ends[number] - forest.tables.threshold_count[number] : ends[number]]
        chosen = own[np.isfinite(own)]
        chosen = chosen[:: max(1, len(chosen) // _MOST)]
        found[number] = [near for side in _sides(chosen, forest.read) for near in _near(side, place)]
    return found


def _sides(values: np.ndarray, read: str) -> list[np.ndarray]:
    """The thresholds, and where rows that are read as float32 round to the other side of them."""
    import numpy as np

    if read == "float64" or not len(values):
        return [values]
    narrow = values.astype(np.float32)
    above = np.nextafter(narrow, np.float32(np.inf)).astype(np.float64)
    return [values, values + (above - values) / 2]


def _near(values: np.ndarray, place: Place) -> Iterator[np.ndarray]:
    """The way back through a scaler is rounded, on one end or the other, so a decision may lie some floats beside."""
    import numpy as np

    for shift in (-3, 0, 3):
        yield place.own(values + shift * np.spacing(np.abs(values)))
    own = place.own(values)
    for shift in (-2, 2):
        yield own + shift * np.spacing(np.abs(own))


def forest_of(step: Any) -> Forest | None:
    """The trees of a part, by the reader of its library; None for what has none, or none that is known exactly."""
    try:
        return _read(step)
    except ConversionError:
        return None


def _read(step: Any) -> Forest | None:
    library = type(step).__module__.partition(".")[0]
    if library == "sklearn":
        from mlconvert_plugins.sklearntrees import forest

        return forest.read(step)
    if library == "lightgbm" and hasattr(step, "booster_"):
        from mlconvert_plugins.lightgbmtext import forest as lightgbm
        from mlconvert_plugins.lightgbmtext import sections

        return lightgbm.read(sections.split(step.booster_.model_to_string().encode()))
    if library == "xgboost" and hasattr(step, "get_booster"):
        from mlconvert_plugins.xgboostfile import document
        from mlconvert_plugins.xgboostfile import forest as xgboost

        return xgboost.read(document.load(bytes(step.get_booster().save_raw("json"))))
    return None

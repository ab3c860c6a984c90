"""Rows for parity of a document that is a forest: at its thresholds, of values that its fields take."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.probes import Probe
from mlconvert_plugins.pmmltrees import forest as forests
from mlconvert_plugins.pmmltrees.columns import Own
from mlconvert_plugins.pmmltrees.fields import Fields
from mlconvert_plugins.trees import probing

if TYPE_CHECKING:
    import numpy as np

# JPMML takes 0.1 to 10 ms for a row, by the size of the document: some ten seconds in all.
_WORK = 2**38
_FEWEST, _MOST = 256, 2**14
_MOST_INTEGER = 2.0**31


def probes(artifact: Artifact, seed: int) -> Iterator[Probe]:
    """Probes that reach the forest's leaves, of rows that the document has answers to. Raises ConversionError."""
    forest, fields = forests.open_document(artifact.path, artifact.signature)
    most = min(_MOST, max(_FEWEST, _WORK // max(1, artifact.path.stat().st_size)))

    def fitted(rows: np.ndarray) -> np.ndarray:
        return _fitted(rows, fields)

    return probing.probes(forest, seed, most, fitted)


def _fitted(rows: np.ndarray, fields: Fields) -> np.ndarray:
    """Rows whose values have answers: whole numbers where these are asked for, categories, numbers that are valid."""
    import numpy as np

    made = rows.copy()
    for column, own in fields.owned().items():
        values = made[:, column]
        if own.codes is not None or own.data.data_type == "integer":
            with np.errstate(invalid="ignore"):
                values = np.clip(np.floor(values), 0 if own.codes is not None else -_MOST_INTEGER, _MOST_INTEGER - 1)
        takes = _takes(own, values) | np.isnan(values)
        made[:, column] = np.where(takes, values, _instead(own))
    return made


def _takes(own: Own, values: np.ndarray) -> np.ndarray:
    """Which values the document does not call invalid."""
    import numpy as np

    if not own.strict:
        return np.ones(len(values), dtype=bool)
    if own.data.values:
        known = [own.code(text) if own.codes is not None else float(text) for text in own.data.values]
        return np.isin(values, known)
    if own.data.intervals:
        return np.asarray(np.any([one.holds(values) for one in own.data.intervals], axis=0))
    return np.ones(len(values), dtype=bool)


def _instead(own: Own) -> float:
    """A value that it takes, for one that it does not."""
    import numpy as np

    if own.data.values:
        text = own.data.values[0]
        return float(own.code(text) if own.codes is not None else text)
    for interval in own.data.intervals:
        for value in (interval.left, interval.right, interval.left / 2 + interval.right / 2):
            if math.isfinite(value) and interval.holds(np.array([value]))[0]:
                return value
    return 0.0

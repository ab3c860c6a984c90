"""What the fitted parts of an estimator know of its columns: values where something changes, or that are usual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mlconvert_plugins.sklearnpipelines.columns import VECTORIZERS, Known
from mlconvert_plugins.sklearnpipelines.thresholds import thresholds
from mlconvert_plugins.sklearnpipelines.walking import Part, Place, parts

if TYPE_CHECKING:
    import numpy as np

# Arrays of a fitted part that hold, in their last axis, something of each of its columns.
_ATTRIBUTES = (
    "mean_", "center_", "statistics_", "data_min_", "data_max_", "xbar_", "theta_", "_fit_X", "support_vectors_",
    "X_thresholds_",
)  # fmt: skip
# What scaled columns are tried with.
_SCALED = (-4.0, -2.0, -1.0, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 2.0, 4.0)
_PLAIN = (0.0, 1.0, -1.0, 0.5, 2.0, 5.0)
_MOST = 16
WORDS = ("word", "the", "another")


def typical(estimator: Any, known: Sequence[Known]) -> Iterator[dict[str, np.ndarray]]:
    """Rows of one that an estimator may take: the middles of what is known first, then plain numbers."""
    import numpy as np

    words = vocabularies(estimator, len(known))
    middles = [_middle(values) for values in _values(estimator, known, deep=False)]
    texts = {
        one.column.name: np.array([" ".join(words.get(index, WORDS)[:3])], dtype=object)
        for index, one in enumerate(known)
        if one.column.type == "text"
    }
    numeric = [index for index, one in enumerate(known) if one.column.type != "text"]
    for plain in (None, *_PLAIN):
        row = [middles[index] if plain is None or known[index].column.categories else plain for index in numeric]
        yield {**({"x": np.array([row])} if numeric else {}), **texts}


def _middle(values: np.ndarray) -> float:
    return float(values[len(values) // 2]) if len(values) else 0.0


def pools(estimator: Any, known: Sequence[Known]) -> list[np.ndarray]:
    """What each column of `x` is tried with, ascending: float64, codes of categories, no missing values."""
    found = _values(estimator, known, deep=True)
    return [values for values, one in zip(found, known, strict=True) if one.column.type != "text"]


def _values(estimator: Any, known: Sequence[Known], *, deep: bool) -> list[np.ndarray]:
    """By column; `deep` looks into trees too."""

    collected: list[list[np.ndarray]] = [[] for _ in known]
    for part in parts(estimator, len(known)):
        own = thresholds(part) if deep else {}
        for number, place in part.placed():
            collected[place.column] += [*_noted(part, number, place), *own.get(number, ())]
    return [_pool(one, values, deep=deep) for one, values in zip(known, collected, strict=True)]


def _pool(known: Known, collected: list[np.ndarray], *, deep: bool) -> np.ndarray:
    import numpy as np

    column = known.column
    if column.categories is not None:
        return np.arange(len(column.categories), dtype=np.float64)
    if column.type == "boolean":
        return np.array([0.0, 1.0])
    # A column that no tree asks for has thresholds, and none of them.
    noted = np.concatenate([np.zeros(0), *collected])
    values = np.unique(noted if len(noted) else np.array(_PLAIN))
    # Beyond float32, trees refuse their rows.
    within: np.ndarray = values[np.abs(values) < 1e30]
    return within


def _noted(part: Part, number: int, place: Place) -> Iterator[np.ndarray]:
    """What the attributes of a part say of one of its columns, in the model's own values."""
    import numpy as np

    name = type(part.step).__name__
    for attribute in _ATTRIBUTES:
        held = getattr(part.step, attribute, None)
        if isinstance(held, np.ndarray) and held.dtype.kind == "f" and held.shape[-1:] == (len(part.places),):
            table = held.reshape(-1, len(part.places))[:, number].astype(np.float64)
            yield place.own(table[:: max(1, len(table) // _MOST)])
    if name.endswith(("Scaler", "PowerTransformer", "QuantileTransformer")):
        yield _inverse(part.step, number, place)
    if name == "KBinsDiscretizer":
        yield around(place.own(np.asarray(part.step.bin_edges_[number], dtype=np.float64)))
    if name == "Binarizer":
        yield around(place.own(np.array([float(part.step.threshold)])))


def _inverse(step: Any, number: int, place: Place) -> np.ndarray:
    import numpy as np

    rows = np.zeros((len(_SCALED), step.n_features_in_))
    rows[:, number] = _SCALED
    return place.own(np.asarray(step.inverse_transform(rows)[:, number], dtype=np.float64))


def around(values: np.ndarray) -> np.ndarray:
    """The values and their neighbours."""
    import numpy as np

    return np.concatenate([values, np.nextafter(values, -np.inf), np.nextafter(values, np.inf)])


def vocabularies(estimator: Any, count: int) -> dict[int, list[str]]:
    """The words that vectorizers know, by the column of the texts."""
    found: dict[int, list[str]] = {}
    for part in parts(estimator, count):
        if type(part.step).__name__ in VECTORIZERS:
            words = sorted(getattr(part.step, "vocabulary_", ())) or list(WORDS)
            for _, place in part.placed():
                found.setdefault(place.column, []).extend(words)
    return found

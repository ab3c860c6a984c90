"""The columns of a general estimator: their names, and what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlconvert.errors import ConversionError
from mlconvert.signature import Column
from mlconvert.text import for_terminal
from mlconvert_plugins.sklearnpipelines.walking import Part, parts

ENCODERS = ("OneHotEncoder", "OrdinalEncoder", "TargetEncoder")
VECTORIZERS = ("CountVectorizer", "TfidfVectorizer", "HashingVectorizer")
# What sees a column of categories and takes its values for no numbers.
HISTOGRAMS = ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor")
_OF_CATEGORIES = (*ENCODERS, *HISTOGRAMS, "SimpleImputer", "MissingIndicator")


@dataclass(frozen=True)
class Known:
    """A column as its parts know it. `absent` is what stands for a missing value in the estimator's own table, `parts`
    are the classes that see the column as it is.
    """

    column: Column
    absent: Any = float("nan")


def read(estimator: Any) -> tuple[Known, ...]:
    """The columns in the model's order, without their rule for missing values; x0, x1, … where they have no names.

    Raises ConversionError (`unsupported-estimator`) for a column that cannot be told, and for what says of none.
    """
    names = names_of(estimator)
    seen: list[list[Part]] = [[] for _ in names]
    listed: list[list[Any]] = [[] for _ in names]
    for part in parts(estimator, len(names)):
        for number, place in part.placed() if part.whole else ():
            seen[place.column].append(part)
            if not place.back:
                listed[place.column] += _categories(part, number)
    return tuple(_known(*one) for one in zip(names, seen, listed, strict=True))


def _categories(part: Part, number: int) -> list[Any]:
    """The categories that a part knows of one of its columns."""
    from mlconvert_plugins.sklearntrees.columns import categories_of

    kind = type(part.step).__name__
    if kind in ENCODERS:
        return list(part.step.categories_[number].tolist())
    return list(categories_of(part.step).get(number, ())) if kind in HISTOGRAMS else []


def names_of(estimator: Any) -> tuple[str, ...]:
    """The columns' names. Raises ConversionError."""
    given = own_names(estimator)
    if given is not None:
        return given
    count = 1 if is_text_alone(estimator) else getattr(_first(estimator), "n_features_in_", None)
    if count is None:
        raise _refused(
            "it does not say how many columns it takes", type(estimator).__name__,
            "fit it on a table, with a first step that counts its columns",
        )  # fmt: skip
    return tuple(f"x{index}" for index in range(count))


def own_names(estimator: Any) -> tuple[str, ...] | None:
    """The names that it was fitted with; None for a table without names."""
    given = getattr(_first(estimator), "feature_names_in_", None)
    return None if given is None else tuple(map(str, given))


def is_text_alone(estimator: Any) -> bool:
    """Whether it takes texts one by one, and no table."""
    from sklearn.pipeline import FeatureUnion

    first = _first(estimator)
    while isinstance(first, FeatureUnion):
        first = _first(next(step for _, step in first.transformer_list if not isinstance(step, str)))
    return type(first).__name__ in VECTORIZERS


def _first(estimator: Any) -> Any:
    """What sees the columns first: a pipeline does not say where its own first step lets them pass."""
    from sklearn.pipeline import Pipeline

    while isinstance(estimator, Pipeline):
        estimator = next(step for _, step in estimator.steps if step is not None and not isinstance(step, str))
    return estimator


def _known(name: str, seen: Sequence[Part], listed: Sequence[Any]) -> Known:
    kinds = {type(part.step).__name__ for part in seen}
    if kinds & set(VECTORIZERS):
        return Known(Column(name, "text"))
    absent = None if None in listed else float("nan")
    categories = tuple(dict.fromkeys(value for value in listed if value is not None and value == value))
    strange = [value for value in categories if not isinstance(value, (str, int, float))]
    if strange:
        where = f"column {for_terminal(name)}"
        raise _refused(f"its categories are of the type {type(strange[0]).__name__}", where, "encode text or numbers")
    if categories and all(isinstance(value, bool) for value in categories):
        return Known(Column(name, "boolean"), absent)
    as_numbers = not any(isinstance(value, str) for value in categories) and not kinds <= set(_OF_CATEGORIES)
    if not categories or as_numbers:
        return Known(Column(name, "numeric"), absent)
    return Known(Column(name, "categorical", categories), absent)


def _refused(message: str, where: str, fix: str) -> ConversionError:
    return ConversionError(message, code="unsupported-estimator", where=where, fix=fix)

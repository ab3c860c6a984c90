"""Through the fitted parts of an estimator, and which of the model's columns reach each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# Where a model of models keeps those that it asks; all of them see its own columns. Beside `estimators_`, `estimator_`
# is the pattern that they were made from.
_INNER = ("best_estimator_", "regressor_", "calibrated_classifiers_", "estimators_", "estimator_")
# Their trees are looked at together. A selector asks its estimator no more.
_OF_TREES = (
    "RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor",
    "GradientBoostingClassifier", "GradientBoostingRegressor", "IsolationForest",
)  # fmt: skip
# One value in, one value out, in the same order: what a later step compares with can be carried back.
_MONOTONE = (
    "StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "PowerTransformer", "QuantileTransformer",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """The column of the model whose values a part sees, and the steps back from what it sees to the column's own.
    `imputed`: none of them is missing any more.
    """

    column: int
    back: tuple[Callable[[np.ndarray], np.ndarray], ...] = ()
    imputed: bool = False

    def own(self, values: np.ndarray) -> np.ndarray:
        """The column's values behind what the part sees, as near as rounding allows."""
        for step in reversed(self.back if len(values) else ()):
            values = step(values)
        return values


Places = Sequence[Place | None]


@dataclass(frozen=True)
class Part:
    """A fitted part. `places` says for each of its columns where it comes from; None where that is no one column.
    `whole` parts hold no others.
    """

    step: Any
    places: Places
    whole: bool

    def placed(self) -> Iterator[tuple[int, Place]]:
        """Its columns that come from one of the model's, by number."""
        return ((number, place) for number, place in enumerate(self.places) if place is not None)


def parts(estimator: Any, columns: int) -> Iterator[Part]:
    """Every fitted part of a model of so many columns; what holds others comes before what it holds."""
    return _visit(estimator, [Place(column) for column in range(columns)])


def _visit(step: Any, places: Places) -> Iterator[Part]:
    if step is None or isinstance(step, str):  # passthrough, drop
        return
    held = [(inner, reached) for inner, reached in _inside(step, places) if inner is not None]
    yield Part(step, places, not held)
    for inner, reached in held:
        yield from _visit(inner, reached)


def _inside(step: Any, places: Places) -> Iterator[tuple[Any, Places]]:
    """The parts of a part, with what reaches them."""
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_selection import SelectorMixin
    from sklearn.pipeline import FeatureUnion, Pipeline

    if isinstance(step, Pipeline):
        for _, inner in step.steps:
            yield inner, places
            places = _after(inner, places)
    elif isinstance(step, ColumnTransformer):
        yield from ((inner, reached) for inner, reached in _branches(step, places) if inner != "drop")
    elif isinstance(step, FeatureUnion):
        yield from ((inner, places) for _, inner in step.transformer_list)
    elif not isinstance(step, SelectorMixin) and type(step).__name__ not in _OF_TREES:
        yield from _members(step, places)


def _branches(step: Any, places: Places) -> Iterator[tuple[Any, Places]]:
    """The transformers of a ColumnTransformer, each with its columns."""
    chosen = step._transformer_to_input_indices
    for name, inner, *_ in step.transformers_:
        yield inner, [_at(places, int(index)) for index in chosen.get(name, ())]


def _members(step: Any, places: Places) -> Iterator[tuple[Any, Places]]:
    """The estimators that a model of models asks."""
    held = vars(step) if hasattr(step, "__dict__") else {}
    attribute = next((name for name in _INNER if name in held), None)
    features = held.get("estimators_features_")
    for number, inner in enumerate(_flat(held.get(attribute))):
        own = places if features is None else [_at(places, int(index)) for index in features[number]]
        yield getattr(inner, "estimator", inner) if attribute == "calibrated_classifiers_" else inner, own
    if type(step).__name__ == "FrozenEstimator":
        yield step.estimator, places
    yield held.get("final_estimator_"), ()


def _flat(held: Any) -> Iterator[Any]:
    """Estimators one by one: ensembles are sequences too, and are not looked into here."""
    import numpy as np

    if isinstance(held, (list, tuple, np.ndarray)):
        for inner in held:
            yield from _flat(inner)
    elif held is not None:
        yield held


def _after(step: Any, places: Places) -> Places:
    """Where the columns that a transformer gives come from; none where that is not known."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import FeatureUnion, Pipeline

    if step is None or step == "passthrough":
        return places
    if isinstance(step, Pipeline):
        for _, inner in step.steps:
            places = _after(inner, places)
        return places
    if isinstance(step, ColumnTransformer):
        return [
            place for inner, reached in _branches(step, places) if inner != "drop" for place in _out(inner, reached)
        ]
    if isinstance(step, FeatureUnion):
        return [place for _, inner in step.transformer_list if inner != "drop" for place in _out(inner, places)]
    return _one_to_one(step, places)


def _out(step: Any, places: Places) -> Places:
    """As `_after`, with as many places as there are columns."""
    found = _after(step, places)
    return found or [None] * len(_names_out(step, len(places)))


def _one_to_one(step: Any, places: Places) -> Places:
    """Columns that pass a step under their own name do so value for value, or in their own order."""
    from sklearn.feature_selection import SelectorMixin

    name = type(step).__name__
    if name in _MONOTONE:
        return [_carried(step, number, place) for number, place in enumerate(places)]
    if name == "SimpleImputer" or isinstance(step, SelectorMixin):
        numbers = {own: number for number, own in enumerate(_names_in(step, len(places)))}
        found = [numbers.get(own) for own in _names_out(step, len(places))]
        reached = [None if number is None else _at(places, number) for number in found]
        return [place and replace(place, imputed=place.imputed or name == "SimpleImputer") for place in reached]
    return [None] * len(_names_out(step, len(places)))


def _carried(step: Any, number: int, place: Place | None) -> Place | None:
    import numpy as np

    if place is None:
        return None
    columns = step.n_features_in_

    def back(values: np.ndarray) -> np.ndarray:
        rows = np.zeros((len(values), columns))
        rows[:, number] = values
        return np.asarray(step.inverse_transform(rows)[:, number])

    return replace(place, back=(*place.back, back))


def _names_in(step: Any, columns: int) -> list[str]:
    return list(getattr(step, "feature_names_in_", [f"x{number}" for number in range(columns)]))


def _names_out(step: Any, columns: int) -> list[str]:
    """The names of what a transformer gives; none where it does not say."""
    try:
        return list(step.get_feature_names_out(_names_in(step, columns)))
    except (AttributeError, ValueError, TypeError):
        return []


def _at(places: Places, index: int) -> Place | None:
    return places[index] if index < len(places) else None


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

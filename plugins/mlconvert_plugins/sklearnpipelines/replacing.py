"""What JPMML-SkLearn does not know, or gets wrong, replaced by parts of scikit-learn that do the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlconvert_plugins.sklearnpipelines import equivalents
from mlconvert_plugins.sklearnpipelines.walking import Place, Places, parts

_OF_MEMBERS = ("VotingClassifier", "VotingRegressor", "StackingClassifier", "StackingRegressor")
_OF_ONE = ("GridSearchCV", "RandomizedSearchCV", "TransformedTargetRegressor")
_LIGHTGBM = ("LGBMClassifier", "LGBMRegressor")
# What must see an encoder's columns as numbers: where a category is missing, trees of XGBoost would take their default
# side and vector machines nothing at all; extra trees compare with any number between 0 and 1.
_OF_NUMBERS = (
    "XGBClassifier", "XGBRegressor", "XGBRFClassifier", "XGBRFRegressor", "SVC", "SVR", "NuSVC", "NuSVR",
    "ExtraTreeClassifier", "ExtraTreeRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor",
)  # fmt: skip


def replaced(estimator: Any, columns: int) -> Any:
    """An estimator of so many columns, changed in place, or another that does the same."""
    from sklearn.feature_selection import SelectorMixin

    places = {id(part.step): part.places for part in parts(estimator, columns)}
    shared = _shared(estimator, columns)

    def change(step: Any) -> Any:
        if isinstance(step, SelectorMixin):
            return equivalents.kept(step.get_support())
        _descend(step, change)
        kind = type(step).__name__
        if kind == "SimpleImputer":
            return equivalents.imputed(step, apart=id(step) in shared)
        if kind in _LIGHTGBM:
            return equivalents.zeros(step, _may_miss(places.get(id(step), ())))
        if kind == "HistGradientBoostingRegressor" and step.loss in ("poisson", "gamma"):
            return equivalents.exponential(step)
        if kind == "TweedieRegressor" and step.link == "log" and step.power <= 0:
            return equivalents.exponential(step)
        if kind == "KernelRidge" and step.gamma is None:
            step.gamma = 1.0 / step.n_features_in_
        if kind in _OF_NUMBERS and None in places.get(id(step), ()):
            return equivalents.copied(step)
        return _BY_CLASS[kind](step) if kind in _BY_CLASS else step

    return change(estimator)


_BY_CLASS: Mapping[str, Callable[[Any], Any]] = {
    "GaussianNB": equivalents.squares,
    "MissingIndicator": equivalents.indicated,
    **dict.fromkeys(("CountVectorizer", "TfidfVectorizer"), equivalents.tokenised),
}


def _descend(step: Any, change: Callable[[Any], Any]) -> None:
    """Change what a step holds."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import FeatureUnion, Pipeline

    kind = type(step).__name__
    if isinstance(step, Pipeline):
        step.steps = [(name, _each(inner, change)) for name, inner in step.steps if inner not in (None, "passthrough")]
    elif isinstance(step, ColumnTransformer):
        step.transformers_ = [
            (name, _each(inner, change), _numbered(columns, step._transformer_to_input_indices.get(name, ())))
            for name, inner, columns in step.transformers_
        ]
    elif isinstance(step, FeatureUnion):
        step.transformer_list = [(name, _each(inner, change)) for name, inner in step.transformer_list]
    elif kind in _OF_MEMBERS or kind in _OF_ONE:
        members = change if kind in _OF_ONE else lambda member: equivalents.apart(change(member))
        for attribute in ("estimators_", "final_estimator_", "best_estimator_", "regressor_"):
            if attribute in vars(step):
                setattr(step, attribute, _each(getattr(step, attribute), members))


def _each(held: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(held, (list, tuple)):
        return [_each(inner, change) for inner in held]
    return held if held is None or isinstance(held, str) else change(held)


def _numbered(columns: Any, numbers: Sequence[int]) -> Any:
    """JPMML knows no slices of columns."""
    return [int(number) for number in numbers] if isinstance(columns, slice) else columns


def _shared(estimator: Any, columns: int) -> set[int]:
    """The imputers of columns that another part sees with their gaps."""
    seen: dict[int, set[int]] = {}
    for part in parts(estimator, columns):
        for _, place in part.placed() if part.whole else ():
            if not place.imputed:
                seen.setdefault(place.column, set()).add(id(part.step))
    return {step for steps in seen.values() if len(steps) > 1 for step in steps}


def _may_miss(places: Places) -> list[bool]:
    """Which columns of a part can be missing: those that come from one of the model's, which no imputer has filled."""
    return [isinstance(place, Place) and not place.imputed for place in places]

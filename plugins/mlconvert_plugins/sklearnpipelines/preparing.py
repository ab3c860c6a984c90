"""Fitted estimators as JPMML-SkLearn reads them: plain scikit-learn, with what it asks Python for written down."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert_plugins.sklearnpipelines import replacing
from mlconvert_plugins.sklearnpipelines.columns import ENCODERS, HISTOGRAMS
from mlconvert_plugins.sklearnpipelines.walking import Part, Place, estimators, parts

if TYPE_CHECKING:
    from mlconvert_plugins.sklearnpipelines.model import Model


def save(model: Model, path: Path) -> int:
    """Pickle the prepared estimator to `path`; the bytes that it takes. The model is changed, and not for use."""
    import joblib

    columns = model.signature.columns
    prepared = replacing.replaced(model.estimator, len(columns))
    _name_columns(prepared, [column.name for column in columns])
    for step in estimators(prepared):
        _note(step, may_be_missing=any(column.missing == "nan" for column in columns))
    joblib.dump(prepared, path)
    return path.stat().st_size


def _name_columns(estimator: Any, names: Sequence[str]) -> None:
    """Write the columns' names where JPMML takes them from: it has names of its own for a table that has none."""
    import numpy as np
    from sklearn.compose import ColumnTransformer

    own = [Place(column) for column in range(len(names))]
    for part in parts(estimator, len(names)):
        if isinstance(part.step, ColumnTransformer) and list(part.places) == own:
            part.step.feature_names_in_ = np.array(names, dtype=object)


def told(model: Model) -> dict[str, Any]:
    """What java/jpmml's class SkLearn must know beside the pickle.

    `texts`: classes are texts in the document, whatever they are here. `unseen`: columns that may hold a category
    nobody knows; `lost`: those of them where it is as good as a missing value. `grouped`: columns whose missing values
    are taken for infrequent ones. `codes`: what encoders make of the missing values of a column.
    """
    grouped, codes = set(), dict[str, float]()
    for part, index, place in _encoded(model):
        name = model.known[place.column].column.name
        has_gap = (
            part.step.categories_[index][-1] is None
            or part.step.categories_[index][-1] != part.step.categories_[index][-1]
        )
        if getattr(part.step, "infrequent_categories_", None) and part.step.infrequent_categories_[index] is not None:
            grouped |= set() if has_gap else {name}
        if has_gap and type(part.step).__name__ == "OrdinalEncoder":
            codes[name] = float(part.step.encoded_missing_value)
        if has_gap and type(part.step).__name__ == "TargetEncoder":
            codes[name] = float(part.step.encodings_[index][-1])
    lost = {place.column for part, place in _raw(model) if type(part.step).__name__ in HISTOGRAMS}
    return {
        "texts": any(_nests_classes(step) for step in estimators(model.estimator)),
        "unseen": [column.name for column, takes in zip(model.numeric, model.unseen, strict=True) if takes],
        "lost": [model.known[index].column.name for index in sorted(lost)],
        "grouped": sorted(grouped),
        "codes": {name: code for name, code in codes.items() if code == code},
    }


def _nests_classes(step: Any) -> bool:
    """Whether models in a document answer with classes that the whole would not find again, were they numbers."""
    return len(getattr(step, "calibrated_classifiers_", ())) > 1 or type(step).__name__ == "OneVsRestClassifier"


def _raw(model: Model) -> Iterator[tuple[Part, Place]]:
    """The model's own columns, as its parts see them that hold no others."""
    for part in parts(model.estimator, len(model.known)):
        for _, place in part.placed() if part.whole else ():
            if not place.back and not place.imputed:
                yield part, place


def _encoded(model: Model) -> Iterator[tuple[Part, int, Place]]:
    """The model's own columns, as encoders see them."""
    for part in parts(model.estimator, len(model.known)):
        for index, place in part.placed() if type(part.step).__name__ in ENCODERS else ():
            if place == Place(place.column):
                yield part, index, place


def _note(step: Any, *, may_be_missing: bool) -> None:
    """Write down the tags, which Python computes, that trees have a side for missing values, and figures in full."""
    for name, value in vars(step).items():
        setattr(step, name, _wide(value))
    tags = step.__sklearn_tags__() if hasattr(step, "__sklearn_tags__") else None
    if dataclasses.is_dataclass(tags) and not isinstance(tags, type):
        step._sklearn_tags = dataclasses.asdict(tags)
        if hasattr(step, "tree_"):  # its nodes have a side for missing values, whatever it was allowed to learn from
            step._sklearn_tags["input_tags"]["allow_nan"] = may_be_missing
    if may_be_missing:
        # Compact trees lose the side of what is missing where two leaves say the same.
        step.pmml_options_ = {"allow_missing": True, "compact": False, "prune": False, "node_id": True}


def _wide(value: Any) -> Any:
    """What was learned in float32 as float64, whose every digit is written down."""
    import numpy as np

    if isinstance(value, list):
        return [_wide(one) for one in value]
    is_single = isinstance(value, (np.ndarray, np.floating)) and value.dtype == np.float32
    return value.astype(np.float64) if is_single else value

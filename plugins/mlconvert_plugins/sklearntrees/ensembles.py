"""Which class of scikit-learn is which forest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlconvert_plugins.sklearntrees import averaging, boosting, isolation
from mlconvert_plugins.sklearntrees.ensemble import Ensemble, refused
from mlconvert_plugins.sklearntrees.nodes import TREES

_FORESTS = ("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor")
_READERS: dict[str, Callable[[Any], Ensemble]] = {
    **dict.fromkeys(TREES, averaging.tree),
    **dict.fromkeys(_FORESTS, averaging.forest),
    **dict.fromkeys(("BaggingClassifier", "BaggingRegressor"), averaging.bag),
    **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), boosting.gradient),
    **dict.fromkeys(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), boosting.histograms),
    "AdaBoostClassifier": boosting.ada,
    "AdaBoostRegressor": boosting.weighted_median,
    "IsolationForest": isolation.isolation,
}


def read(estimator: Any) -> Ensemble:
    """The ensemble of a fitted estimator. Raises ConversionError that names the class or the attribute."""
    kind = type(estimator)
    reader = _READERS.get(kind.__name__) if kind.__module__.startswith("sklearn.") else None
    if reader is None:
        raise refused(
            f"{kind.__module__}.{kind.__qualname__} is no tree model that is known here", kind.__name__,
            f"known are: {', '.join(_READERS)}",
        )  # fmt: skip
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise refused(
            "the estimator is not fitted", kind.__name__, "call fit before the conversion", "not-fitted"
        ) from None
    return reader(estimator)

"""The transformers that nyoka writes, as it must see them to write them right; what it passes over is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mlconvert.errors import Refusal
from mlconvert.text import for_terminal
from mlconvert_plugins.nyokawriter.exact import Exact, exact

# What nyoka does not look at, and what each parameter must therefore be.
_UNSEEN: dict[str, dict[str, Any]] = {
    "MinMaxScaler": {"clip": False},
    "MaxAbsScaler": {"clip": False},
    "PCA": {"whiten": False},
    "SimpleImputer": {"add_indicator": False},
}
_FIX = "convert it with JPMML, without --via"


def refusals(step: Any) -> Iterator[Refusal]:
    """What of a fitted transformer nyoka cannot write."""
    name = type(step).__name__
    if name not in _SHELLS or not type(step).__module__.startswith("sklearn."):
        message = f"nyoka does not write {for_terminal(name)} right"
        yield Refusal("unsupported-transformer", message, for_terminal(name), _FIX)
        return
    for parameter, plain in _UNSEEN.get(name, {}).items():
        if getattr(step, parameter, plain) != plain:
            message = f"nyoka passes over {parameter} of {name}"
            yield Refusal("unsupported-parameter", message, f"{name} {parameter}", _FIX)
    if name == "SimpleImputer":
        if step.missing_values == step.missing_values:
            message = f"nyoka imputes what is missing, not {for_terminal(step.missing_values)}"
            yield Refusal("unsupported-parameter", message, "SimpleImputer missing_values", _FIX)
        if any(isinstance(value, str) or value != value for value in step.statistics_.tolist()):
            message = "nyoka imputes numbers, one for each column"
            yield Refusal("unsupported-imputation", message, "SimpleImputer statistics_", _FIX)


def shell(step: Any) -> Any:
    """What nyoka is given in the place of a transformer: a class of the same name, with exact numbers."""
    name = type(step).__name__
    found = type(name, (), {})()
    vars(found).update(_SHELLS[name](step))
    return found


def _standard(step: Any) -> dict[str, Any]:
    """nyoka subtracts the mean and divides by the scale, also where scikit-learn does not."""
    return {"mean_": _or(step.mean_ if step.with_mean else None, 0.0, step), "scale_": _or(step.scale_, 1.0, step)}


def _robust(step: Any) -> dict[str, Any]:
    center = step.center_ if step.with_centering else None
    return {"center_": _or(center, 0.0, step), "scale_": _or(step.scale_ if step.with_scaling else None, 1.0, step)}


def _or(values: Any, otherwise: float, step: Any) -> Any:
    return exact([otherwise] * step.n_features_in_ if values is None else values)


def _minmax(step: Any) -> dict[str, Any]:
    return {"scale_": exact(step.scale_), "min_": exact(step.min_)}


def _maxabs(step: Any) -> dict[str, Any]:
    """A column of zeros is divided by 1, which is its `scale_`, and not its `max_abs_`."""
    return {"max_abs_": exact(step.scale_)}


def _imputer(step: Any) -> dict[str, Any]:
    return {"strategy": "constant", "statistics_": exact(step.statistics_)}


def _binarizer(step: Any) -> dict[str, Any]:
    return {"threshold": Exact(step.threshold)}


def _polynomial(step: Any) -> dict[str, Any]:
    return {"powers_": step.powers_}


def _components(step: Any) -> dict[str, Any]:
    return {
        "n_components_": step.n_components_,
        "n_features_": step.n_features_in_,
        "mean_": exact(step.mean_),
        "components_": exact(step.components_),
    }


_SHELLS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "StandardScaler": _standard,
    "RobustScaler": _robust,
    "MinMaxScaler": _minmax,
    "MaxAbsScaler": _maxabs,
    "SimpleImputer": _imputer,
    "Binarizer": _binarizer,
    "PolynomialFeatures": _polynomial,
    "PCA": _components,
}

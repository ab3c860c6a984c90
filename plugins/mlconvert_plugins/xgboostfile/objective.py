"""XGBoost's objectives, as far as scoring goes: how `base_score` becomes a margin, the link, the classes.

From `PredTransform` and `ProbToMargin` of each objective in src/objective/ of XGBoost.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from typing import Any

from mlconvert_plugins.trees.model import Link
from mlconvert_plugins.xgboostfile.document import keys, mapping
from mlconvert_plugins.xgboostfile.errors import BrokenModelError

_IDENTITY = (
    "reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:pseudohubererror", "reg:absoluteerror",
    "reg:quantileerror", "rank:pairwise", "rank:ndcg", "rank:map", "binary:logitraw",
)  # fmt: skip
_EXP = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft")
_LOGIT = ("reg:logistic", "binary:logistic")
# What the objectives keep of their training.
_PARAMETERS = (
    "reg_loss_param", "softmax_multiclass_param", "poisson_regression_param", "tweedie_regression_param",
    "aft_loss_param", "pseudo_huber_param", "quantile_loss_param", "expectile_loss_param", "lambdarank_param",
    "lambda_rank_param", "ndcg_param", "map_param", "ti+", "tj-",
)  # fmt: skip


@dataclass(frozen=True)
class Objective:
    """An objective. `base` says how base_score becomes a margin: identity, logit or log."""

    name: str
    link: Link
    base: str = "identity"
    classes: int = 0

    def margin(self, score: float) -> float:
        """The margin of a base_score (float32, as a float64). Raises BrokenModelError for one that has none."""
        if self.base == "identity":
            return score
        odds = _float32(_float32(1.0 / score) - 1.0) if self.base == "logit" and score > 0 else score
        if not (odds > 0 and math.isfinite(odds)):
            raise BrokenModelError(f"{self.name} with a base_score of {score:g}", "base_score")
        return -_logf(odds) if self.base == "logit" else _logf(odds)


def read(entry: Any, num_class: int, targets: int) -> Objective:
    """The objective. Raises BrokenModelError for one that is not known."""
    found = keys(entry, "objective", ("name",), _PARAMETERS)
    for name in found.keys() - {"name"}:
        if name not in ("ti+", "tj-"):
            mapping(found[name], f"objective {name}")
    name = found["name"]
    own = mapping(found.get("softmax_multiclass_param", {}), "objective").get("num_class", str(num_class))
    if own != str(num_class):
        raise BrokenModelError(f"it has {own} classes, the learner {num_class}", "objective num_class")
    if name == "reg:expectileerror" and targets > 1:
        # Each margin after the first is the softplus of a difference, from a base_score that is taken apart likewise.
        raise BrokenModelError(
            f"{name} of {targets} expectiles", "objective", "unsupported-objective", "train a model for each of them"
        )
    if name in (*_IDENTITY, "reg:expectileerror"):
        return Objective(name, Link())
    if name in _EXP:
        return Objective(name, Link("exp"), "log")
    if name == "binary:hinge":
        return Objective(name, Link("step"))
    if name in _LOGIT:
        # With several targets each of them is a label of its own, which may hold or not.
        return Objective(name, Link("sigmoid"), "logit", 2 if name == "binary:logistic" and targets == 1 else 0)
    if name in ("multi:softprob", "multi:softmax") and num_class > 1:
        return Objective(name, Link("softmax"), classes=num_class)
    raise BrokenModelError(f"the objective {name!r} is not known here", "objective", "unknown-objective")


def _float32(value: float) -> float:
    return ctypes.c_float(value).value


def _logf(value: float) -> float:
    """The C library's own float32 logarithm, which is XGBoost's, and not always the nearest float32."""
    try:
        logf = ctypes.CDLL(None).logf
    except (AttributeError, OSError, TypeError):
        return _float32(math.log(value))
    logf.restype, logf.argtypes = ctypes.c_float, [ctypes.c_float]
    return float(logf(value))

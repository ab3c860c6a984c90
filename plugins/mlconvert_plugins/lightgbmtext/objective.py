"""LightGBM's objectives, as far as scoring goes: the link, and whether the outputs are classes.

From each objective's `ConvertOutput` and `ToString` in src/objective/ of LightGBM.
"""

from __future__ import annotations

from dataclasses import dataclass

from mlconvert_plugins.lightgbmtext.numbers import BrokenModelError, parameter
from mlconvert_plugins.trees.model import Link

_WHERE = "objective"
_REGRESSION = ("regression", "regression_l1", "fair", "quantile", "mape")
_IDENTITY = ("huber", "lambdarank", "rank_xendcg")
_EXP = ("poisson", "gamma", "tweedie")


@dataclass(frozen=True)
class Objective:
    """The link, and the number of classes (0 for what is no classifier)."""

    link: Link
    classes: int = 0


def read(text: bytes | None, num_class: int) -> Objective:
    """The objective that a header names; without one (custom objectives) margins are all there is.

    Raises BrokenModelError for an objective or a parameter that is not known.
    """
    if text is None:
        return Objective(Link())
    name, *words = text.decode("utf-8", "replace").split(" ")
    if name in _REGRESSION:
        return Objective(Link("square" if _flag(name, words, "sqrt") else "identity"))
    if name in (*_IDENTITY, *_EXP, "cross_entropy", "cross_entropy_lambda"):
        _values(name, words, ())
        kind = "exp" if name in _EXP else {"cross_entropy": "sigmoid", "cross_entropy_lambda": "softplus"}.get(name)
        return Objective(Link(kind or "identity"))
    return _classifier(name, words, num_class)


def _classifier(name: str, words: list[str], num_class: int) -> Objective:
    if name == "binary":
        scale = _sigmoid(_values(name, words, ("sigmoid",)))
        return Objective(Link("sigmoid", scale), 2)
    if name not in ("multiclass", "multiclassova"):
        raise BrokenModelError(f"the objective {name!r} is not known here", _WHERE, "unknown-objective")
    own = name == "multiclassova"
    values = _values(name, words, ("num_class", "sigmoid") if own else ("num_class",))
    if values["num_class"] != str(num_class):
        raise BrokenModelError(f"it has {values['num_class']} classes, the header {num_class}", _WHERE)
    return Objective(Link("sigmoid", _sigmoid(values)) if own else Link("softmax"), num_class)


def _flag(name: str, words: list[str], flag: str) -> bool:
    if words and words != [flag]:
        raise BrokenModelError(f"{name} with {' '.join(words)!r} is not known here", _WHERE, "unknown-objective")
    return bool(words)


def _values(name: str, words: list[str], needed: tuple[str, ...]) -> dict[str, str]:
    found = dict(word.partition(":")[::2] for word in words)
    if tuple(found) != needed or len(words) != len(needed):
        raise BrokenModelError(f"{name} with {' '.join(words)!r} is not known here", _WHERE, "unknown-objective")
    return found


def _sigmoid(values: dict[str, str]) -> float:
    scale = parameter(values["sigmoid"], _WHERE)
    if not 0 < scale < 1e300:
        raise BrokenModelError(f"sigmoid is {scale}", _WHERE)
    return scale

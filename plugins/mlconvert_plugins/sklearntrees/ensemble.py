"""How an estimator's trees become outputs, and what keeps one from becoming a forest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError
from mlconvert_plugins.sklearntrees.nodes import Trees
from mlconvert_plugins.trees.model import Link

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Ensemble:
    """How an estimator's trees become outputs. `base` is float64[outputs].

    `has_margin` says whether a classifier answers with the sums themselves (`decision_function`).
    """

    trees: Trees
    outputs: int
    width: int = 1
    base: np.ndarray | None = None
    divisor: float = 1
    link: Link = field(default_factory=Link)
    label: str = "probability"
    read: str = "float32"
    has_margin: bool = False


def refused(message: str, where: str, fix: str = "", code: str = "unsupported-estimator") -> ConversionError:
    """What keeps an estimator from becoming a forest."""
    return ConversionError(message, code=code, where=where, fix=fix)

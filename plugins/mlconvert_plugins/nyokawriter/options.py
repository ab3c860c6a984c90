"""The options of the stages through nyoka."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mlconvert_plugins.pmmlfile.naming import TARGET
from mlconvert_plugins.trees.options import IterationOptions


@dataclass(frozen=True)
class NyokaOptions:
    """How the document calls what it predicts."""

    target: Annotated[str | None, TARGET] = None


@dataclass(frozen=True)
class NyokaBoostedOptions(IterationOptions):
    """Which part of a boosted model to take, and how the document calls what it predicts."""

    target: Annotated[str | None, TARGET] = None

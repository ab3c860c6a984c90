"""The options of the stages through nyoka."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from mlconvert.errors import Refusal
from mlconvert.signature import Column
from mlconvert.stage import Help
from mlconvert.text import for_terminal
from mlconvert_plugins.trees.options import IterationOptions

_TARGET = Help("the name of what is predicted; target when it is left out", None, "NAME")


@dataclass(frozen=True)
class NyokaOptions:
    """How the document calls what it predicts."""

    target: Annotated[str | None, _TARGET] = None


@dataclass(frozen=True)
class NyokaBoostedOptions(IterationOptions):
    """Which part of a boosted model to take, and how the document calls what it predicts."""

    target: Annotated[str | None, _TARGET] = None


def refusals(target: str | None, columns: tuple[Column, ...]) -> Iterator[Refusal]:
    """A target that is called as a column is."""
    if target is not None and (not target or target in {column.name for column in columns}):
        message = f"a column is called {for_terminal(target)!r}" if target else "it has no letters"
        yield Refusal("bad-target", message, "target", "call the target by another name: --target NAME")

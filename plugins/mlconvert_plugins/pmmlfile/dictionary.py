"""A document's data dictionary, as its elements come by."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlconvert_plugins.pmmlfile.errors import BrokenDocumentError

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Interval:
    """Numbers that are valid; an end that is open to infinity is infinite."""

    left: float
    right: float
    closed_left: bool
    closed_right: bool

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Which numbers are in it."""
        left = values >= self.left if self.closed_left else values > self.left
        right = values <= self.right if self.closed_right else values < self.right
        found: np.ndarray = left & right
        return found


@dataclass(frozen=True)
class DataField:
    """A field of the dictionary. `values` are its valid categories, `missing` and `invalid` texts that stand for such
    values, `intervals` what is valid of numbers.
    """

    name: str
    optype: str
    data_type: str
    values: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()
    intervals: tuple[Interval, ...] = ()


class Dictionary(dict[str, DataField]):
    """Data fields by name. Each method takes the attributes of an element. Raises BrokenDocumentError."""

    def add_field(self, attributes: dict[str, str]) -> None:
        """A `DataField` begins."""
        name = attributes.get("name", "")
        if name in self:
            raise BrokenDocumentError("it stands there twice", f"DataField {name}")
        self[name] = DataField(name, attributes.get("optype", ""), attributes.get("dataType", ""))

    def add_value(self, attributes: dict[str, str]) -> None:
        """A `Value` of the field that has begun."""
        own, text = self._last(), attributes.get("value", "")
        kind = attributes.get("property", "valid")
        if kind == "missing":
            self[own.name] = replace(own, missing=(*own.missing, text))
        elif kind == "invalid":
            self[own.name] = replace(own, invalid=(*own.invalid, text))
        else:
            self[own.name] = replace(own, values=(*own.values, text))

    def add_interval(self, attributes: dict[str, str]) -> None:
        """An `Interval` of the field that has begun."""
        own, closure = self._last(), attributes.get("closure", "")
        left, right = (_margin(attributes.get(side), own.name) for side in ("leftMargin", "rightMargin"))
        made = Interval(
            -math.inf if left is None else left, math.inf if right is None else right,
            left is None or closure.startswith("closed"), right is None or closure.endswith("Closed"),
        )  # fmt: skip
        self[own.name] = replace(own, intervals=(*own.intervals, made))

    def _last(self) -> DataField:
        return next(reversed(self.values()))


def _margin(text: str | None, field: str) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        raise BrokenDocumentError(f"{text!r} is no number", f"DataField {field}") from None

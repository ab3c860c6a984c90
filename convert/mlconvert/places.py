"""Which of the values that a model knows, its categories or its labels, is meant by a value of a file."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any


class Places:
    """The places of known values: texts, numbers and booleans, each found as itself or by how it is written.

    3, 3.0 and "3" are one number; what is text alone stays text, and is looked up as it stands first.
    """

    def __init__(self, known: Iterable[Any]) -> None:
        self._exact: dict[Any, int] = {}
        for place, value in enumerate(known):
            self._exact.setdefault(_key(value), place)

    def find(self, value: Any) -> int:
        """The place of the value, -1 for one that is not known."""
        place = self._exact.get(_key(value))
        if place is None and isinstance(value, str):
            place = self._exact.get(_key(_read(value)))
        elif place is None:
            place = self._exact.get(_key(_written(value)))
        return -1 if place is None else place


def _key(value: Any) -> tuple[str, Any]:
    """Booleans apart from numbers, which Python takes for equal."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool):
        return "boolean", value
    return ("number", value) if isinstance(value, (int, float)) else ("text", value)


def _read(text: str) -> Any:
    """The number or boolean that a text is written for, or else the text."""
    word = text.strip().lower()
    if word in ("true", "false"):
        return word == "true"
    try:
        return float(word) if "_" not in word else text
    except ValueError:
        return text


def _written(value: Any) -> str:
    """A number or a boolean as text; a whole number without its fraction."""
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return str(int(value))
    return str(value)

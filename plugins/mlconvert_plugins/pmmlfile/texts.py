"""Values as PMML writes them: numbers so that every bit comes back, booleans in lower case."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def text_of(value: Any) -> str:
    """A label, category or number as text; floats in the fewest digits that read back as the same float64."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


def category(value: Any, known: Iterable[str]) -> str | None:
    """The one of the document's texts that means the label or category; None where there is none.

    A number may be written otherwise than here: 1 is `1`, `1.0` or `1.00`.
    """
    texts = list(known)
    own = text_of(value)
    if own in texts:
        return own
    number = _number(own)
    equal = [text for text in texts if number is not None and _number(text) == number]
    return equal[0] if len(equal) == 1 else None


def _number(text: str) -> float | None:
    try:
        return {"true": 1.0, "false": 0.0}.get(text) if text in ("true", "false") else float(text)
    except ValueError:
        return None

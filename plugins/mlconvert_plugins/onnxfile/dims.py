"""ONNX's `dim_param` as a signature's dim: names and expressions are kept, any other text becomes a stable name."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

from mlconvert.signature import Dim, names_in

# What an expression over names is written with; anything else never reaches the parser.
_EXPRESSION = re.compile(r"[\w\s+\-*/%(),]+", re.ASCII)
# Sympy's spelling, in which torch writes its expressions.
_FUNCTIONS = (("Max(", "max("), ("Min(", "min("))
_RESERVED = {"max", "min"}
_LONGEST_NAME = 60


class Dims:
    """Turns the texts of one model into dims: the same text gives the same dim, different ones never share a name.

    An expression is taken as one where the model's inputs have all of its names as dims of their own: `h//2` beside
    `h`. Else `batch-size` would be a difference of two sizes.
    """

    def __init__(self, input_texts: Iterable[str]) -> None:
        self._known: dict[str, Dim] = {}
        texts = list(dict.fromkeys(input_texts))
        for text in (one for one in texts if _is_name(one)):
            self._known[text] = text
        for text in texts:
            self._known.setdefault(text, self._expression(text) or self._name(text))

    def of_text(self, text: str) -> Dim:
        """The dim for a `dim_param`; None for an empty one and for an expression that cannot be read."""
        if not text.strip():
            return None
        if text not in self._known:
            self._known[text] = text if _is_name(text) else self._expression(text, bound=False) or self._fallback(text)
        return self._known[text]

    def _expression(self, text: str, bound: bool = True) -> Dim:
        """The text as an expression over names, or None; `bound` asks that the inputs have these names."""
        for sympy, ours in _FUNCTIONS:
            text = text.replace(sympy, ours)
        if not _EXPRESSION.fullmatch(text):
            return None
        try:
            names = names_in(text)
        except ValueError:
            return None
        return text if names and (not bound or all(name in self._known for name in names)) else None

    def _fallback(self, text: str) -> Dim:
        """A name for what looks like one; what looks like a formula is unknown, and no free name."""
        return None if re.search(r"[(*/+^]", text) else self._name(text)

    def _name(self, text: str) -> str:
        stem = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")[:_LONGEST_NAME] or "dim"
        stem = stem if _is_name(stem) else f"dim_{stem}"
        name, count = stem, 2
        while name in self._known.values():
            name, count = f"{stem}_{count}", count + 1
        return name


def _is_name(text: str) -> bool:
    usable = text.isascii() and text.isidentifier() and len(text) <= _LONGEST_NAME
    return usable and not keyword.iskeyword(text) and text not in _RESERVED

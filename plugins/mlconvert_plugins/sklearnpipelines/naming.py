"""Names, categories and classes that a document of JPMML's cannot hold."""

from __future__ import annotations

from collections.abc import Iterator

from mlconvert.errors import Refusal
from mlconvert.signature import Column, Signature
from mlconvert.text import for_terminal
from mlconvert_plugins.pmmlfile import naming

# What JPMML takes for a missing value, text or not.
_MISSING = "NaN"
_INTEGERS = range(-(2**31), 2**31)


def refusals(signature: Signature, target: str | None) -> Iterator[Refusal]:
    """All that cannot be written, by name."""
    yield from naming.refusals(signature.columns, target)
    for column in signature.columns:
        yield from _of_categories(column)
    if any(_reason(label) for label in signature.labels):
        what = next(filter(None, map(_reason, signature.labels)))
        yield Refusal("unwritable-label", f"{what} is a class", "classes_", "rename the class")


def _of_categories(column: Column) -> Iterator[Refusal]:
    for value in column.categories or ():
        reason = "NaN, which stands for a missing value," if value == _MISSING else _reason(value)
        if reason:
            where = for_terminal(column.name)
            yield Refusal("unwritable-category", f"{reason} is a category", where, "rename the category")


def _reason(value: object) -> str:
    """What of a value cannot be written, in words; nothing where all can."""
    if isinstance(value, str) and naming.UNWRITABLE & set(value):
        return f"{for_terminal(repr(value), 100)}, which XML cannot write,"
    if isinstance(value, int) and value not in _INTEGERS:
        return f"{value}, beyond the integers of 32 bits,"
    return ""

"""Names, categories and classes that a document of JPMML's cannot hold."""

from __future__ import annotations

from collections.abc import Iterator

from mlconvert.errors import Refusal
from mlconvert.signature import Column, Signature
from mlconvert.text import for_terminal

# XML 1.0 has no way to write these, or parsers make blanks of them where they stand in an attribute.
_UNWRITABLE = {chr(code) for code in range(32)} | {chr(0xFFFE), chr(0xFFFF)}
# What JPMML takes for a missing value, text or not.
_MISSING = "NaN"
_INTEGERS = range(-(2**31), 2**31)


def target_of(signature: Signature, asked: str | None) -> str:
    """What is predicted, by the name that was asked for; else `target`, or the like where a column is called so."""
    names = {column.name for column in signature.columns}
    found = asked or "target"
    while asked is None and found in names:
        found += "_"
    return found


def refusals(signature: Signature, target: str | None) -> Iterator[Refusal]:
    """All that cannot be written, by name."""
    names = [column.name for column in signature.columns]
    if target is not None and (not target or target in names):
        message = f"a column is called {for_terminal(repr(target))}, too" if target else "the target has no name"
        yield Refusal("bad-target", message, "target", "give another --target")
    for name in [*names, target or ""]:
        if _UNWRITABLE & set(name):
            what = for_terminal(repr(name))
            yield Refusal("unwritable-name", f"XML cannot write the name {what}", what, "rename the column")
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
    if isinstance(value, str) and _UNWRITABLE & set(value):
        return f"{for_terminal(repr(value), 100)}, which XML cannot write,"
    if isinstance(value, int) and value not in _INTEGERS:
        return f"{value}, beyond the integers of 32 bits,"
    return ""

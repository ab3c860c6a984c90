"""What a document calls its columns and its target, and what it can call nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlconvert.errors import Refusal
from mlconvert.signature import Column
from mlconvert.stage import Help
from mlconvert.text import for_terminal

# The option of every stage that writes a document.
TARGET = Help("the name of what is predicted; target when it is left out", None, "NAME")
# XML 1.0 has no way to write these, or parsers make blanks of them where they stand in an attribute.
UNWRITABLE = frozenset({chr(code) for code in range(32)} | {chr(0xFFFE), chr(0xFFFF)})


def target_of(columns: Sequence[Column], asked: str | None) -> str:
    """What is predicted, by the name that was asked for; else `target`, or the like where a column is called so."""
    names = {column.name for column in columns}
    found = asked or "target"
    while asked is None and found in names:
        found += "_"
    return found


def target_refusals(columns: Sequence[Column], target: str | None) -> Iterator[Refusal]:
    """A target without a name, or with that of a column."""
    if target is not None and (not target or target in {column.name for column in columns}):
        message = f"a column is called {for_terminal(repr(target))}, too" if target else "the target has no name"
        yield Refusal("bad-target", message, "target", "call the target by another name: --target NAME")


def refusals(columns: Sequence[Column], target: str | None) -> Iterator[Refusal]:
    """All names that cannot be written, and a target that is none."""
    yield from target_refusals(columns, target)
    for name in [*(column.name for column in columns), target or ""]:
        if UNWRITABLE & set(name):
            what = for_terminal(repr(name))
            yield Refusal("unwritable-name", f"XML cannot write the name {what}", what, "rename the column")

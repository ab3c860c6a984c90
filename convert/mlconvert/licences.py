"""Licences, as SPDX expressions: which stages carry one that a user forbids."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from mlconvert.errors import UsageError
from mlconvert.text import for_terminal

_WORDS = re.compile(r"[()\s]+")
_OPERATORS = frozenset(["AND", "OR", "WITH", ""])


def forbidden(texts: Iterable[str]) -> frozenset[str]:
    """The identifiers that a user wrote. Raises UsageError for what is none: a slip would forbid nothing."""
    return frozenset(_identifier(text) for text in texts)


def _identifier(text: str) -> str:
    from packaging import licenses  # a long table, which `--help` does not need

    try:
        found = str(licenses.canonicalize_license_expression(text.strip()))
    except licenses.InvalidLicenseExpression:
        found = ""
    if not found or " " in found:
        raise UsageError(
            f"{for_terminal(text)!r} is no SPDX identifier of a licence",
            code="unknown-licence",
            where="--forbid-license",
            fix="write it like AGPL-3.0; `mlconvert graph` shows every stage's",
        )
    return _family(found)


def carries(expression: str, identifiers: Collection[str]) -> bool:
    """Whether a part of the expression is one of these; -only and -or-later are one licence."""
    parts = {_family(word) for word in _WORDS.split(expression) if word not in _OPERATORS}
    return not parts.isdisjoint(identifiers)


def _family(identifier: str) -> str:
    return re.sub(r"(-only|-or-later|\+)$", "", identifier).lower()

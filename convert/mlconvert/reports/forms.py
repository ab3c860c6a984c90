"""Whether a document from elsewhere is what it says: it is held against the schema that is published for its kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal

SCHEMA = 1
KINDS = ("validation", "benchmark")


def path_of(kind: str) -> Path:
    """The JSON schema (2020-12) of a kind of document."""
    return Path(__file__).parent / "schema" / f"{kind}-{SCHEMA}.schema.json"


@cache
def schema(kind: str) -> Mapping[str, Any]:
    """The schema's content."""
    found: dict[str, Any] = json.loads(path_of(kind).read_text(encoding="utf-8"))
    return found


def read(path: Path, kind: str) -> dict[str, Any]:
    """A document of that kind from a file. Raises ConversionError for anything else, in one line."""
    name = for_terminal(path.name)
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
    except OSError as error:
        raise _refused(name, f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise _refused(name, f"is no JSON: {for_terminal(error, 200)}") from error
    check(document, kind, name)
    return document


def check(document: Any, kind: str, name: str) -> None:
    """Raise ConversionError, which calls the document `name`, unless it is one of that kind and of a known schema."""
    found = document.get("kind") if isinstance(document, dict) else None
    if found != kind:
        what = f"a {found}" if found in KINDS else "something else"
        raise _refused(name, f"is no {kind} of mlconvert: it is {what}")
    written = document.get("schema")
    if isinstance(written, int) and written > SCHEMA:
        by = for_terminal(document.get("mlconvert"), 40)
        raise _refused(
            name, f"has schema {written}, and {SCHEMA} is the newest known here", f"update mlconvert to {by} or newer"
        )
    _fits(document, kind, name)


def _fits(document: Any, kind: str, name: str) -> None:
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema(kind))
    wrong = jsonschema.exceptions.best_match(validator.iter_errors(document))
    if wrong is not None:
        raise _refused(
            name, f"is no whole {kind}: {for_terminal(wrong.json_path, 200)}: {for_terminal(wrong.message, 200)}"
        )


def _refused(name: str, why: str, fix: str = "") -> ConversionError:
    return ConversionError(f"{name} {why}", code="bad-document", where=name, fix=fix)

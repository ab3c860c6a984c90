"""Writing reports to files by their suffix, each whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mlconvert.errors import ConversionError, UsageError
from mlconvert.reports import charts, html, junit, markdown
from mlconvert.reports.composing import report
from mlconvert.reports.text import as_text
from mlconvert.text import for_terminal, suggestion

Document = Mapping[str, Any]


def as_json(document: Document) -> str:
    """The document itself, indented; in ASCII, so that nothing in it can act on what shows it."""
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


WRITERS: dict[str, Callable[[Document], str]] = {
    ".html": lambda document: html.page(report(document)),
    ".md": lambda document: markdown.as_markdown(report(document)),
    ".json": as_json,
    ".xml": junit.as_xml,
    ".txt": lambda document: as_text(report(document)),
}


def check_targets(paths: Iterable[str | os.PathLike[str]], keep: Iterable[str | os.PathLike[str]] = ()) -> list[Path]:
    """The paths, once a report can be written to each. To be called before any work.

    `keep` are the models themselves, which no report may replace. Raises UsageError for a suffix that is unknown, else
    ConversionError.
    """
    targets = [Path(path) for path in paths]
    kept = {Path(path).resolve() for path in keep}
    for path in targets:
        _check(path)
        if path.resolve() in kept:
            raise _refused(path, "is one of the models", "choose another name")
    return targets


def _check(path: Path) -> None:
    if path.suffix.lower() not in WRITERS:
        known = ", ".join(WRITERS)
        said = f"{for_terminal(path.suffix)!r}" if path.suffix else "no suffix"
        raise UsageError(
            f"{for_terminal(path.name)} has {said}; reports are written as {known}{suggestion(path.suffix, WRITERS)}",
            code="bad-report",
            where=path.name,
        )
    if path.is_dir():
        raise _refused(path, "is a folder", "name a file")
    if not path.parent.is_dir():
        raise _refused(
            path, f"cannot be written: there is no folder {for_terminal(path.parent)}", "make the folder first"
        )
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise _refused(path, f"cannot be written: {for_terminal(path.parent)} is read-only", "choose another folder")
    if path.suffix.lower() == ".html" and not charts.available():
        raise charts.missing()


def _refused(path: Path, why: str, fix: str) -> ConversionError:
    return ConversionError(f"the report {for_terminal(path.name)} {why}", code="bad-report", where=path.name, fix=fix)


def save(document: Document, path: str | os.PathLike[str]) -> Path:
    """Write the report that the path's suffix asks for. What stood there before stays until the new one is whole.

    Raises UsageError and ConversionError as `check_targets` does, and ConversionError where the disk refuses.
    """
    (target,) = check_targets([path])
    written = WRITERS[target.suffix.lower()](document)
    beside = target.with_name(f".{target.name[:100]}.{os.getpid()}.part")
    try:
        beside.write_text(written, encoding="utf-8")
        beside.replace(target)
    except OSError as error:
        raise _refused(target, f"cannot be written: {error.strerror}", "choose another folder") from error
    finally:
        beside.unlink(missing_ok=True)
    return target

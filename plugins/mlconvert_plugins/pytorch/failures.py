"""torch's and the exporter's errors, which run over pages, as one sentence with a code and a way out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Optional

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal

_LIMIT = 300
_LIBRARY = re.compile(r"[/\\](torch|mlconvert_plugins)[/\\]|^<")


@dataclass(frozen=True)
class _Kind:
    """A family of errors: `pattern` finds it, its first group (if any) fills `{0}` of the message."""

    pattern: str
    code: str
    message: str
    fix: str


_EXPORT_FIRST = "export the model yourself with torch.export.export, and convert the .pt2"
_KINDS = (
    _Kind(
        r"specialized it to be a constant|Constraints violated|ConstraintViolation",
        "dynamic-dim-specialised",
        "the model does not take every size of a dim that is declared dynamic{0}",
        "give that dim a size instead of a name in --input, narrow it with --dim, or change the model",
    ),
    _Kind(
        r"Could not (?:guard on|extract) data-dependent expression|GuardOnDataDependentSymNode|data-dependent",
        "data-dependent",
        "the model takes a decision that depends on the values of its inputs",
        "write the decision with torch.where or torch.cond",
    ),
    _Kind(
        r"No ONNX function found for <OpOverload\(op='([\w.]+)'|Exporting the operator '([\w:]+)'|"
        r"No decompositions? registered for[^']*'([\w.]+)'|Unsupported(?:FxNodes|Operator)[^']*'([\w.:]+)'",
        "unsupported-op",
        "the operator {0} has no counterpart in ONNX",
        "replace it in the model",
    ),
)


def translated(error: BaseException, doing: str, where: str = "") -> ConversionError:
    """The user's error for whatever torch raised while it was `doing` something."""
    if isinstance(error, ConversionError):
        return error
    if isinstance(error, MemoryError):
        return ConversionError(f"{doing} ran out of memory", code="out-of-memory", where=where)
    text = "\n".join(str(link) for link in _chain(error))
    place = where or model_line(text)
    for kind in _KINDS:
        match = re.search(kind.pattern, text)
        if match:
            detail = _detail(kind, match, text)
            return ConversionError(kind.message.format(detail), code=kind.code, where=place, fix=kind.fix)
    return ConversionError(f"{doing} failed: {summary(error)}", code="export-failed", where=place, fix=_EXPORT_FIRST)


def summary(error: BaseException) -> str:
    """The first telling line of an error's text, with its type."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return for_terminal(f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__, _LIMIT)


def last_line(error: BaseException) -> str:
    """The last line of an error's text, which is where TorchScript says what happened."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return for_terminal(lines[-1] if lines else type(error).__name__, _LIMIT)


def _chain(error: Optional[BaseException]) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _detail(kind: _Kind, match: re.Match[str], text: str) -> str:
    if kind.code == "dynamic-dim-specialised":
        fixes = re.search(r"Suggested fixes:\n((?: +.+\n?)+)", text)
        found = "; ".join(line.strip() for line in fixes[1].splitlines()) if fixes else ""
        return f": torch suggests {for_terminal(found, _LIMIT)}" if found else ""
    return for_terminal(next((group for group in match.groups() if group), ""), _LIMIT)


def model_line(text: str) -> str:
    """The innermost line of the model's code that a message mentions, as `model.py:12 in forward`; '' for none."""
    frames = re.findall(r'File "?([^",\n]+)"?, line(?:no)? (\d+), in (\w+)', text)
    own = [frame for frame in frames if not _LIBRARY.search(frame[0])]
    if not own:
        return ""
    path, line, function = own[-1]
    return for_terminal(f"{PurePath(path).name}:{line} in {function}")

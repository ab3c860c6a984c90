"""Errors: what went wrong, where, and what to do next.

Two roots. `ConversionError` is the user's to mend and is printed without a trace; `InternalError` is
ours and keeps its trace. A `Refusal` is one reason why something cannot be done; several of them travel
together in one error, so that a user sees everything that is in the way at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Refusal:
    """One reason why a step cannot be taken.

    `code` is stable and machine-readable (`unsupported-op`); `where` names the stage, node or field;
    `fix` says what to do next, as a sentence or a command.
    """

    code: str
    message: str
    where: str = ""
    fix: str = ""


class ConversionError(Exception):
    """The model, the file, the options or the host stand in the way; the user can act on it."""

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        code: str,
        where: str = "",
        fix: str = "",
        refusals: Iterable[Refusal] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.where = where
        self.fix = fix
        self.refusals = tuple(refusals)
        # The stages that had finished when this one failed, filled in by the frame.
        self.done: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The object that stands under `error` in `--json` output."""
        entry: dict[str, Any] = {"code": self.code, "where": self.where, "message": self.message, "fix": self.fix}
        if self.refusals:
            entry["refusals"] = [vars(refusal) for refusal in self.refusals]
        return entry


class UsageError(ConversionError):
    """The words or options do not fit together."""

    exit_code = 2


class ParityError(ConversionError):
    """The artifact was written, and does not compute what its source computes.

    `result` is what `mlconvert.convert` would have returned; its artifact stands at `<name>.rejected`.
    """

    exit_code = 3

    def __init__(self, message: str, *, result: Any = None, code: str = "parity-failed", **details: Any) -> None:
        super().__init__(message, code=code, **details)
        self.result = result


class InternalError(Exception):
    """A defect of mlconvert or of a plugin. `trace` is the original traceback's text, where there is one."""

    exit_code = 4

    def __init__(self, message: str, *, where: str = "", trace: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.trace = trace


def refuse(refusals: Iterable[Refusal], *, where: str = "") -> None:
    """Raise one `ConversionError` that carries all the refusals; do nothing when there are none."""
    found = tuple(refusals)
    if not found:
        return
    first = found[0]
    if len(found) == 1:
        raise ConversionError(first.message, code=first.code, where=first.where or where, fix=first.fix, refusals=found)
    raise ConversionError(
        f"{len(found)} things stand in the way", code=first.code, where=where, fix=first.fix, refusals=found
    )


@dataclass(frozen=True)
class Fault:
    """An exception in a form that crosses a process boundary."""

    kind: str
    message: str
    code: str = ""
    where: str = ""
    fix: str = ""
    refusals: tuple[Refusal, ...] = field(default=())
    trace: str = ""

    def exception(self) -> Exception:
        """The exception that this fault was made from, rebuilt on this side."""
        if self.kind == "internal":
            return InternalError(self.message, where=self.where, trace=self.trace)
        kind = UsageError if self.kind == "usage" else ConversionError
        return kind(self.message, code=self.code, where=self.where, fix=self.fix, refusals=self.refusals)

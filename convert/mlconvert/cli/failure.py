"""Errors as the command line shows them: a few lines on stderr, or one JSON document on stdout, and an exit code."""

from __future__ import annotations

import json
import traceback
from typing import Any

import click

from mlconvert.errors import ConversionError, InternalError
from mlconvert.text import for_terminal
from mlconvert.worker import fault_of


def report(error: BaseException, *, as_json: bool) -> int:
    """Say what happened and return the exit code."""
    code, entry, lines = _told(error)
    if as_json:
        click.echo(json.dumps({"error": entry}, indent=2))
    else:
        for line in lines:
            click.echo(line, err=True)
    return code


def _told(error: BaseException) -> tuple[int, dict[str, Any], list[str]]:
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return 130, _entry("interrupted", "interrupted"), ["interrupted; what stood at the target was kept"]
    if isinstance(error, click.ClickException):
        return _usage(error)
    if isinstance(error, OSError):
        rebuilt = fault_of(error).exception()
        error = rebuilt if isinstance(rebuilt, ConversionError) else error
    if isinstance(error, ConversionError):
        return error.exit_code, error.as_json(), list(_conversion_lines(error))
    trace = error.trace if isinstance(error, InternalError) else ""
    trace = trace or "".join(traceback.format_exception(type(error), error, error.__traceback__))
    where = error.where if isinstance(error, InternalError) else ""
    lines = [
        *trace.rstrip().splitlines(),
        f"internal error{f' in {where}' if where else ''}: {for_terminal(error)}",
        "  this is a defect of mlconvert or of a plugin; please report it with the lines above",
    ]
    return InternalError.exit_code, {**_entry("internal", str(error)), "where": where}, lines


def _entry(code: str, message: str) -> dict[str, Any]:
    return {"code": code, "where": "", "message": message, "fix": ""}


def _usage(error: click.ClickException) -> tuple[int, dict[str, Any], list[str]]:
    message = for_terminal(error.format_message())
    context = getattr(error, "ctx", None)
    help_line = f"  see: {context.command_path} --help" if context is not None else ""
    lines = [f"error: {message}", *([help_line] if help_line else [])]
    return 2, {**_entry("usage", message), "fix": help_line.strip()}, lines


def _conversion_lines(error: ConversionError) -> Any:
    where = f" [{for_terminal(error.where)}]" if error.where else ""
    yield f"error: {for_terminal(error.message)}{where}"
    if len(error.refusals) > 1:
        for refusal in error.refusals:
            place = f"{for_terminal(refusal.where)}: " if refusal.where else ""
            yield f"  - {place}{for_terminal(refusal.message)}"
            if refusal.fix and refusal.fix != error.fix:
                yield f"    fix: {for_terminal(refusal.fix)}"
    if error.fix:
        yield f"  fix: {for_terminal(error.fix)}"
    if error.done:
        yield f"  done before: {', '.join(error.done)}"

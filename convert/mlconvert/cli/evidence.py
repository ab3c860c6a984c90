"""Showing evidence: what a validation or a benchmark has found, on the terminal and in reports."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from mlconvert.evidence import Evidence
from mlconvert.reports import saving
from mlconvert.reports.text import as_text
from mlconvert.text import for_terminal

# Where nobody's terminal says how wide it is: a file or a pipe has room.
_WIDE = 120


def show(found: Evidence, reports: Iterable[Path], *, as_json: bool, quiet: bool) -> None:
    """Write the reports, then show the same as one JSON document, as tables, or nothing."""
    written = [found.save(path) for path in reports]
    if as_json:
        click.echo(saving.as_json(found.document), nl=False)
    elif not quiet:
        live = sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if live else _WIDE
        colour = live and not os.environ.get("NO_COLOR")
        click.echo(as_text(saving.report(found.document), width=width, colour=colour), nl=False, color=colour)
        for path in written:
            click.echo(f"written  {for_terminal(path)}", err=True)

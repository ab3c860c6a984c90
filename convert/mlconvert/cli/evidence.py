"""Showing evidence: what a validation or a benchmark has found, on the terminal and in reports."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from mlconvert.evidence import Evidence
from mlconvert.reports import saving, text
from mlconvert.text import for_terminal


def show(found: Evidence, reports: Iterable[Path], *, as_json: bool, quiet: bool) -> None:
    """Write the reports, then show the same as one JSON document, as tables, or nothing."""
    written = [found.save(path) for path in reports]
    if as_json:
        click.echo(saving.as_json(found.document), nl=False)
    elif not quiet:
        text.show(found.document)
        for path in written:
            click.echo(f"written  {for_terminal(path)}", err=True)

"""A report for a terminal or a log: tables in as many columns as there are, and no colour where nobody would see it."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from mlconvert.reports.composing import report
from mlconvert.reports.outline import Block, Facts, Lines, Report, Route, Section, Table, Text, Verdict, pieces
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    from rich.text import Text as Styled

_NAME = 24
_STYLES = {"good": "green", "bad": "red", "open": "yellow", "": ""}


def show(document: Mapping[str, Any], stream: TextIO | None = None) -> None:
    """Write a document's report to a stream, by default standard output: as wide as its terminal, in colour on one."""
    out = stream or sys.stdout
    live = out.isatty()
    width = shutil.get_terminal_size().columns
    shown = as_text(report(document), width=width, colour=live and "NO_COLOR" not in os.environ)
    # A stream that knows no arrows and signs gets question marks in their place, and the numbers all the same.
    encoding = getattr(out, "encoding", None) or "utf-8"
    out.write(shown.encode(encoding, "replace").decode(encoding))


def as_text(told: Report, *, width: int = 80, colour: bool = False) -> str:
    """The report in lines of at most `width` columns, without what is folded and without charts."""
    from rich.console import Console

    stream = io.StringIO()
    # Whoever asks for no colour gets none, and nothing is read from the terminal that may be there.
    console = Console(
        file=stream,
        width=width,
        force_terminal=colour,
        force_jupyter=False,
        color_system="standard" if colour else None,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    for part in (*_heading(told), *_parts(told.blocks, width)):
        console.print(part)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def _heading(told: Report) -> Iterator[Styled]:
    yield _text((told.kind, ": ", *pieces(told.title)), "bold")
    yield _text((told.verdict, *((": ", told.why) if told.why else ())))


def _parts(blocks: Sequence[Block], width: int) -> Iterator[Any]:
    """What rich prints, line by line or table by table."""
    for block in blocks:
        match block:
            case Lines():
                yield from map(_text, block.texts)
            case Facts():
                yield _facts(block)
            case Table():
                yield ""
                yield _table(block, width)
            case Route():
                yield _route(block)
            case Section(folded=False):
                yield from _section(block, width)


def _section(section: Section, width: int) -> Iterator[Any]:
    inner = list(_parts(section.blocks, width))
    if inner:
        yield ""
        yield _text(section.title, "bold")
        yield from inner


def _facts(facts: Facts) -> Any:
    from rich.table import Table as Grid

    grid = Grid.grid(padding=(0, 2))
    for name, said in facts.pairs:
        grid.add_row(_text(name), _text(said))
    return grid


def _table(table: Table, width: int) -> Any:
    from rich.table import Table as Grid

    grid = Grid(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False, header_style="dim")
    rows = [[_text(text) for text in row] for row in table.rows]
    shown = _fitting(table, rows, width)
    for column in shown:
        # A long name is folded; numbers and verdicts are read across and stay whole.
        whole = not table.is_words(column) or any(isinstance(pieces(row[column])[0], Verdict) for row in table.rows)
        justify: Any = "left" if table.is_words(column) else "right"
        grid.add_column(table.head[column], justify=justify, no_wrap=whole, overflow="fold")
    for row in rows:
        grid.add_row(*(row[column] for column in shown))
    return grid


def _fitting(table: Table, rows: Sequence[Sequence[Styled]], width: int) -> list[int]:
    """The columns that a line has room for, where names are folded at `_NAME`."""
    shown = list(range(len(table.head)))
    wide = [max([len(table.head[column]), *(row[column].cell_len for row in rows)]) for column in shown]
    wide = [min(one, _NAME) if table.is_words(column) else one for column, one in enumerate(wide)]
    for name in reversed(table.spare):
        if sum(wide[column] + 2 for column in shown) - 2 <= width:
            break
        shown = [column for column in shown if table.head[column] != name]
    return shown


def _route(route: Route) -> Styled:
    steps = "".join(f" → {step.format} (by {step.stage})" for step in route.steps)
    return _text(f"{route.start}{steps}")


def _text(text: Text, style: str = "") -> Styled:
    from rich.text import Text as Styled

    shown = Styled(style=style)
    for piece in pieces(text):
        said = for_terminal(piece) if not isinstance(piece, Verdict) else str(piece)
        shown.append(said, _STYLES[piece.tone] if isinstance(piece, Verdict) else "")
    return shown

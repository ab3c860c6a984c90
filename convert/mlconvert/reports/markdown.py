"""A report as GitHub and model hubs draw Markdown: for pull requests and model cards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlconvert.reports.outline import (
    Block,
    Facts,
    Lines,
    Piece,
    Quoted,
    Report,
    Route,
    Section,
    Table,
    Text,
    Verdict,
    pieces,
)
from mlconvert.text import for_markdown

_DEEPEST = 6


def as_markdown(report: Report) -> str:
    """The report without charts; what is folded stands in <details>."""
    why = f"**{report.verdict}**" + (f": {for_markdown(report.why)}" if report.why else "")
    head = [f"## {report.kind}: {_text(report.title)}", why]
    return "\n\n".join([*head, *_blocks(report.blocks, 3)]) + "\n"


def _blocks(blocks: Sequence[Block], level: int) -> Iterator[str]:
    for block in blocks:
        yield from _block(block, level)


def _block(block: Block, level: int) -> Iterator[str]:
    match block:
        case Lines():
            yield from map(_text, block.texts)
        case Facts():
            yield "\n".join(f"- {name}: {_text(said)}" for name, said in block.pairs)
        case Table():
            yield f"{_plain(block.caption)}:"
            yield _table(block)
        case Route():
            yield _route(block)
        case Section(folded=True):
            yield f"<details><summary>{_text(block.title)}</summary>"
            yield from _blocks(block.blocks, level + 1)
            yield "</details>"
        case Section():
            yield f"{'#' * min(level, _DEEPEST)} {_text(block.title)}"
            yield from _blocks(block.blocks, level + 1)


def _table(table: Table) -> str:
    rule = ["---" if table.is_words(column) else "---:" for column in range(len(table.head))]
    rows = [list(map(_plain, table.head)), rule, *([_text(text) for text in row] for row in table.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _route(route: Route) -> str:
    steps = [for_markdown(route.start)]
    for step in route.steps:
        by = for_markdown(f"{step.stage}, {step.versions}" if step.versions else step.stage)
        steps.append(f"{for_markdown(step.format)} (by {by})")
    return " → ".join(steps)


def _text(text: Text) -> str:
    return "".join(map(_piece, pieces(text)))


def _piece(piece: Piece) -> str:
    if isinstance(piece, Verdict):
        return f"**{piece}**"
    return for_markdown(piece) if isinstance(piece, Quoted) else _plain(piece)


def _plain(words: str) -> str:
    """The report's own words, in which Markdown finds nothing but, at most, what would end a cell."""
    return words.replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")

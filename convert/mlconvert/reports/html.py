"""A report as one HTML page that loads nothing and runs nothing, and as a fragment for a notebook."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path
from string import Template

import mlconvert
from mlconvert.reports import charts
from mlconvert.reports.outline import (
    Block,
    Chart,
    Charts,
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
    middle_cut,
    pieces,
)
from mlconvert.text import for_html

_FOLDER = Path(__file__).parent
_DEEPEST = 6


def page(report: Report) -> str:
    """The whole page. Raises ConversionError where charts cannot be drawn."""
    style = (_FOLDER / "page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    said = f"{report.verdict}: {''.join(map(str, pieces(report.title)))} – mlconvert {report.kind.lower()}"
    return Template((_FOLDER / "page.html").read_text(encoding="utf-8")).substitute(
        style=style,
        style_hash=f"sha256-{digest}",
        version=for_html(mlconvert.__version__),
        title=for_html(said),
        main=f'{_header(report, "h1")}{_contents(report)}<main id="main">{_top(report.blocks)}</main>',
    )


def fragment(report: Report) -> str:
    """The report as a part of another page: without what is folded, and without charts where none can be drawn."""
    style = (_FOLDER / "page.css").read_text(encoding="utf-8")
    shown = "".join(_block(block, 3) for block in _open(report.blocks, charts.available()))
    return f'<style>{style}</style><div class="mlconvert">{_header(report, "h2")}{shown}</div>'


def _open(blocks: Sequence[Block], drawn: bool) -> list[Block]:
    shown: list[Block] = []
    for block in blocks:
        if isinstance(block, Section):
            inner = tuple(_open(block.blocks, drawn))
            shown += [] if block.folded or not inner else [Section(block.title, inner)]
        elif drawn or not isinstance(block, Charts):
            shown.append(block)
    return shown


def _header(report: Report, tag: str) -> str:
    why = f'<p class="why"><bdi>{for_html(report.why)}</bdi></p>' if report.why else ""
    title = f"<{tag}>{_text(_short(report.title))}</{tag}>"
    return f'<header><p class="kind">{for_html(report.kind)}</p>{title}<p>{_piece(report.verdict)}</p>{why}</header>'


def _contents(report: Report) -> str:
    """Links to the sections, where there are some."""
    found = [block for block in report.blocks if isinstance(block, Section)]
    if len(found) < 3:
        return ""
    links = (
        f'<li><a href="#{_anchor(number)}">{_text(_short(one.title))}</a></li>' for number, one in enumerate(found)
    )
    return f'<nav aria-label="On this page"><ul>{"".join(links)}</ul></nav>'


def _short(text: Text) -> Text:
    return tuple(Quoted(middle_cut(one, 40)) if isinstance(one, Quoted) else one for one in pieces(text))


def _anchor(number: int) -> str:
    return f"section-{number + 1}"


def _top(blocks: Sequence[Block]) -> str:
    """What stands before the sections, side by side where there is room, and the sections that the contents lead to."""
    lead = "".join(_block(block, 2) for block in blocks if not isinstance(block, Section))
    sections = [block for block in blocks if isinstance(block, Section)]
    shown = (f'<div id="{_anchor(number)}">{_block(block, 2)}</div>' for number, block in enumerate(sections))
    return f'<div class="lead">{lead}</div>{"".join(shown)}'


def _block(block: Block, level: int) -> str:
    match block:
        case Lines():
            return "".join(f"<p>{_text(text)}</p>" for text in block.texts)
        case Facts():
            return (
                f"<dl>{''.join(f'<dt>{for_html(name)}</dt><dd>{_text(said)}</dd>' for name, said in block.pairs)}</dl>"
            )
        case Table():
            return _table(block)
        case Charts():
            return f'<div class="charts">{"".join(map(_figure, block.charts))}</div>'
        case Route():
            return _route(block)
        case Section():
            return _section(block, level)


def _section(section: Section, level: int) -> str:
    tag = f"h{min(level, _DEEPEST)}"
    title = f"<{tag}>{_text(section.title)}</{tag}>"
    inner = "".join(_block(block, level + 1) for block in section.blocks)
    if section.folded:
        return f"<details><summary>{title}</summary>{inner}</details>"
    alarm = ' class="alert"' if section.alarming else ""
    return f"<section{alarm}>{title}{inner}</section>"


def _table(table: Table) -> str:
    def aligned(column: int) -> str:
        return "" if table.is_words(column) else ' class="number"'

    def cell(column: int, text: Text) -> str:
        return f"<td{aligned(column)}>{_text(text)}</td>" if column else f'<th scope="row">{_text(text)}</th>'

    heads = (f'<th scope="col"{aligned(column)}>{for_html(name)}</th>' for column, name in enumerate(table.head))
    rows = (f"<tr>{''.join(cell(column, text) for column, text in enumerate(row))}</tr>" for row in table.rows)
    caption = for_html(table.caption)
    return (
        f'<div class="scroll" role="group" aria-label="{caption}" tabindex="0">'
        f"<table><caption><span>{caption}</span></caption><thead><tr>{''.join(heads)}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _figure(chart: Chart) -> str:
    title = for_html(chart.title)
    summary = f'<summary>The numbers<span class="hidden"> of {title}</span></summary>'
    numbers = f"<details>{summary}{_table(chart.numbers)}</details>"
    return f"<figure><figcaption>{title}</figcaption>{charts.svg(chart)}{numbers}</figure>"


def _route(route: Route) -> str:
    steps = [f"<li><b>{for_html(route.start)}</b></li>"]
    for step in route.steps:
        by = for_html(f"{step.stage}, {step.versions}" if step.versions else step.stage)
        steps.append(f"<li><span><b>{for_html(step.format)}</b> <small>by {by}</small></span></li>")
    return f'<ol class="route" aria-label="How it was made">{"".join(steps)}</ol>'


def _text(text: Text) -> str:
    return "".join(map(_piece, pieces(text)))


def _piece(piece: Piece) -> str:
    if isinstance(piece, Verdict):
        tone = f" {piece.tone}" if piece.tone else ""
        return f'<span class="verdict{tone}"><span aria-hidden="true">{piece.sign}</span> {for_html(piece.word)}</span>'
    # Letters of a script that runs from right to left turn nothing around that is not theirs.
    return f"<bdi>{for_html(piece)}</bdi>" if isinstance(piece, Quoted) else for_html(piece)

"""The picture that a benchmark is made for: every ratio with its interval, against the margin of equivalence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlconvert.reports import charts, units
from mlconvert.reports.outline import Chart, Quoted, Table, shortened
from mlconvert.reports.time_charts import NAME, Cell, Document, named, order, place


def ratios(document: Document) -> Iterator[Chart]:
    """Every interval against the margin within which two times are equivalent: a picture for all batches."""
    names = shortened(order(document), NAME)
    found = [(names[cell["subject"]], cell) for cell in document["cells"] if cell["ratio"]]
    found += [("source against itself", one) for one in document["noise"]] if found else []
    ends = [cell["ratio"][key] for _, cell in found for key in ("low", "high")]
    groups = dict.fromkeys((cell["threads"], cell["clients"]) for _, cell in found)
    for threads, clients in groups:
        own = [(name, cell) for name, cell in found if (cell["threads"], cell["clients"]) == (threads, clients)]
        own.sort(key=lambda one: one[1]["batch"])
        where = named(document, place(own[0][1]), but="batch")
        yield _ratios(document, own, f"Time over the source's{where and ', '}{where}", (min(ends), max(ends)))


def _ratios(document: Document, found: Sequence[tuple[str, Cell]], title: str, ends: tuple[float, float]) -> Chart:
    margin, confidence = document["settings"]["margin"], document["settings"]["confidence"]
    at = [f"{name}, batch {cell['batch']:,}" for name, cell in found]
    said = [f"{units.ratio(cell['ratio']['median'])} {cell['ratio']['verdict']}" for _, cell in found]
    colours = [_TONES[cell["ratio"]["verdict"]] if "subject" in cell else "var(--muted)" for _, cell in found]
    rows = [(cell["ratio"], colour) for (_, cell), colour in zip(found, colours, strict=True)]
    words = "; ".join(f"{name}: {verdict}" for name, verdict in zip(at[:8], said, strict=False))
    numbers = Table(
        title,
        ("model", "batch", "ratio", "low", "high", "verdict"),
        tuple(
            (
                Quoted(name),
                f"{cell['batch']:,}",
                *(units.ratio(cell["ratio"][key]) for key in _ENDS),
                cell["ratio"]["verdict"],
            )
            for name, cell in found
        ),
    )
    return Chart(
        title,
        f"{title}, with {confidence:.0%} intervals against a margin of {margin:.1%}. {words}.",
        _intervals(list(zip(at, said, strict=True)), rows, margin, ends),
        numbers,
    )


_ENDS = ("median", "low", "high")
_TONES = {"faster": "var(--good)", "slower": "var(--bad)", "equivalent": "var(--ink)", "undecided": "var(--open)"}


def _intervals(
    labels: Sequence[charts.Label],
    found: Sequence[tuple[Mapping[str, Any], str]],
    margin: float,
    ends: tuple[float, float],
) -> charts.Spec:
    values = [
        {"y": charts.at(row), "colour": colour, **{key: charts.held(ratio[key]) for key in _ENDS}}
        for row, (ratio, colour) in enumerate(found)
    ]
    low, high = min(charts.held(ends[0]), 1 / (1 + 2 * margin)) / 1.01, max(charts.held(ends[1]), 1 + 2 * margin) * 1.01
    y = {"field": "y", "type": "quantitative", "axis": None}
    x = {
        "field": "median",
        "type": "quantitative",
        "scale": {"type": "log", "domain": [low, high], "nice": False},
        "axis": {
            "values": charts.log_ticks(low, high),
            "labelExpr": "format(datum.value, '.3~g') + '×'",
            "title": "← faster   time over the source's   slower →",
        },
    }
    band = {
        "data": {"values": [{"from": 1 / (1 + margin), "to": 1 + margin}]},
        "mark": {"type": "rect", "color": "var(--band)"},
        "encoding": {"x": {**x, "field": "from"}, "x2": {"field": "to"}},
    }
    one = {
        "data": {"values": [{"at": 1}]},
        "mark": {"type": "rule", "color": "var(--muted)"},
        "encoding": {"x": {**x, "field": "at"}},
    }
    colour = charts.own("colour")
    line = {
        "data": {"values": values},
        "mark": {"type": "rule", "strokeWidth": 4, "strokeCap": "round"},
        "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": y, "color": colour},
    }
    dot = {
        "data": {"values": values},
        "mark": {"type": "tick", "thickness": 2, "size": 14},
        "encoding": {"y": y, "color": colour},
    }
    return charts.rows(labels, band, one, line, dot, x=x)

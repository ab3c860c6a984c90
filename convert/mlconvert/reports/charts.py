"""Charts by Vega-Lite, as SVG without a script: what they have in common, and drawing them.

Colours are CSS custom properties, which Vega hands through to the SVG as they are: one picture is drawn once and is
light or dark as its page is. A chart is as wide as a phone; its rows are labelled above their marks, where long names
have room.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from mlconvert.errors import ConversionError
from mlconvert.reports.outline import Chart
from mlconvert.text import for_html

WIDTH = 336
SERIES = 8
_ROW = 36
# The mean width of a letter, in pixels.
_LETTER = 6.6
# The version whose grammar the specifications are written in.
_GRAMMAR = "5.20"
_SHAPES = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right", "triangle-left"]

Spec = dict[str, Any]

_CONFIG = {
    # Each picture is one image with one sentence: see `svg`.
    "aria": False,
    "background": None,
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domainColor": "var(--rule)",
        "gridColor": "var(--rule)",
        "gridOpacity": 0.6,
        "labelColor": "var(--muted)",
        "labelFontSize": 11,
        "labelOverlap": True,
        "tickColor": "var(--rule)",
        "titleColor": "var(--muted)",
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "legend": {
        "labelColor": "var(--ink)",
        "labelFontSize": 11,
        "labelLimit": WIDTH - 40,
        "orient": "top",
        "columns": 1,
        "symbolSize": 60,
        "title": None,
    },
    "text": {"color": "var(--ink)", "fontSize": 12},
}


def available() -> bool:
    """Whether charts can be drawn here."""
    return find_spec("vl_convert") is not None


def svg(chart: Chart) -> str:
    """The chart as an SVG element. Raises ConversionError where vl-convert is missing."""
    if not available():
        raise missing()
    import vl_convert

    spec = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": _CONFIG, **chart.spec}
    drawn: str = vl_convert.vegalite_to_svg(spec, vl_version=_GRAMMAR, allowed_base_urls=[])
    width, height = re.search(r'width="([\d.]+)" height="([\d.]+)"', drawn).groups()  # type: ignore[union-attr]
    head = f'<svg role="img" aria-label="{for_html(chart.says)}" width="{width}" height="{height}"'
    return re.sub(r"^<svg [^>]*(?= viewBox)", lambda _: head, drawn)


def missing() -> ConversionError:
    """The refusal where charts are wanted and cannot be drawn."""
    return ConversionError(
        "the charts of an HTML report need vl-convert-python",
        code="missing-package",
        where="vl-convert-python",
        fix="pip install 'mlconvert[report]'",
    )


def colour(place: int) -> str:
    """The colour of the subject or artifact at that place; they come round again after eight."""
    return f"var(--s{place % SERIES + 1})"


def picture(height: int, *layers: Spec) -> Spec:
    """Layers over one another, as wide as a phone, `height` without the axis."""
    return {
        "width": WIDTH,
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 2, "right": 8, "top": 4, "bottom": 2},
        "layer": list(layers),
    }


# What stands over a row's mark: its name on the left, its number on the right.
Label = tuple[str, str]


def rows(labels: Sequence[Label], *layers: Spec, x: Spec) -> Spec:
    """A picture of labelled rows, the first at the top; layers give their y by `at`."""
    marks = [{**layer, "encoding": {"x": x, **layer["encoding"]}} for layer in layers]
    names = [_names(labels, side, halo) for halo in (True, False) for side in (0, 1)]
    shown = picture(_ROW * len(labels), *marks, *names)
    return {**shown, "layer": [_scaled(layer, len(labels)) for layer in shown["layer"]]}


def _names(labels: Sequence[Label], side: int, halo: bool) -> Spec:
    """The labels of one side; a halo of the page's colour under them keeps them apart from marks that they cross."""
    values = [{"y": number + 0.36, "label": label[side]} for number, label in enumerate(labels)]
    # The number is shown whole, and the name has the room that it leaves.
    taken = 0 if side else round(_LETTER * max((len(number) for _, number in labels), default=0))
    mark = {"type": "text", "baseline": "bottom", "align": ("left", "right")[side], "limit": WIDTH - 16 - taken}
    outline = {"stroke": "var(--page)", "strokeWidth": 4, "strokeJoin": "round"} if halo else {}
    return {
        "data": {"values": values},
        "mark": {**mark, **outline},
        "encoding": {"x": {"value": (0, "width")[side]}, "y": _ROWS, "text": {"field": "label"}},
    }


_ROWS: Spec = {"field": "y", "type": "quantitative", "axis": None}


def _scaled(layer: Spec, count: int) -> Spec:
    encoding = dict(layer["encoding"])
    if "y" in encoding:
        encoding["y"] = {**encoding["y"], "scale": {"domain": [count, 0], "nice": False}}
    return {**layer, "encoding": encoding}


def at(number: int) -> float:
    """Where the mark of a row stands."""
    return number + 0.66


def bars(labels: Sequence[Label], amounts: Sequence[float], colours: Sequence[str]) -> Spec:
    """A bar for each row, from zero; the labels say the amounts, so that no axis is needed."""
    values = [
        {"y": at(row) - 0.16, "to": at(row) + 0.16, "zero": 0, "amount": amount, "colour": colours[row]}
        for row, amount in enumerate(amounts)
    ]
    bar = {
        "data": {"values": values},
        "mark": {"type": "rect", "cornerRadius": 1},
        "encoding": {"x2": {"field": "zero"}, "y": _ROWS, "y2": {"field": "to"}, "color": own("colour")},
    }
    x = {"field": "amount", "type": "quantitative", "axis": None, "scale": {"domain": [0, max(amounts) or 1]}}
    return rows(labels, bar, x=x)


def held(value: float) -> float:
    """A positive number, held to where a logarithmic axis can show it among others."""
    return min(max(value, 1e-12), 1e12)


def own(field: str) -> Spec:
    """A colour that stands in the data itself."""
    return {"field": field, "type": "nominal", "scale": None, "legend": None}


def curves(points: Iterable[Mapping[str, Any]], labels: Sequence[str], *, x: Spec, y: Spec) -> Spec:
    """A line with a symbol of its own for each label, through points of `x`, `y` and `label`."""
    by = {"field": "label", "type": "nominal", "sort": None}
    scale = {"domain": list(labels), "range": [colour(place) for place in range(len(labels))]}
    shapes = {"domain": list(labels), "range": [_SHAPES[place % SERIES] for place in range(len(labels))]}
    # Vega puts legends together that have the same scale's title and domain.
    encoding = {
        "x": {"field": "x", "type": "quantitative", **x},
        "y": {"field": "y", "type": "quantitative", **y},
        "color": {**by, "scale": scale, "legend": {}},
    }
    shown = {
        "mark": {"type": "point", "filled": True, "size": 50, "opacity": 1},
        "encoding": {**encoding, "shape": {**by, "scale": shapes, "legend": {}}},
    }
    line = {"mark": {"type": "line", "strokeWidth": 1.5}, "encoding": encoding}
    return {**picture(190, line, shown), "data": {"values": list(points)}}


def log_ticks(low: float, high: float, *, powers: bool = False) -> list[float]:
    """Round numbers from `low` to `high` for a logarithmic axis, some five on any range; only `powers` of ten."""
    import math

    for digits in ((1,),) if powers else ((1, 2, 5), (1, 3), (1,)):
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        found = [digit * 10.0**power for power in range(first, last + 1) for digit in digits]
        kept = [value for value in found if low <= value <= high]
        if len(kept) <= 6:
            break
    step = max(1, -(-len(kept) // 6))
    return kept[::step] if len(kept) > 1 else _even_ticks(low, high)


def _even_ticks(low: float, high: float) -> list[float]:
    """Where a range holds less than two of the usual ticks it is narrow enough for even ones."""
    import math

    step = 10.0 ** math.floor(math.log10(high - low))
    step = next(step * part for part in (0.5, 1, 2, 5) if (high - low) / (step * part) <= 6)
    return [float(f"{number * step:.9g}") for number in range(math.ceil(low / step), math.floor(high / step) + 1)]

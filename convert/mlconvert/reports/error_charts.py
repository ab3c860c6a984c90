"""Pictures of a validation: how near each output comes to its tolerance, and how its errors are distributed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mlconvert.reports import charts, units
from mlconvert.reports.outline import Chart, Quoted, Table, middle_cut, shortened

_ROWS = 16
_NAME = 34
# Of a histogram, in powers of two: fewer would make a wall of one bar.
_NARROWEST = 8

Output = Mapping[str, Any]


def nearest(artifacts: Sequence[Mapping[str, Any]]) -> Chart | None:
    """The share of the tolerance that each output takes, the worst first; of every artifact in its colour."""
    found = [
        (place, artifact["label"], output)
        for place, artifact in enumerate(artifacts)
        for output in artifact["check"]["outputs"]
        if output["excess"]
    ]
    found = sorted(found, key=lambda one: -one[2]["excess"])[:_ROWS]
    if not found:
        return None
    names = shortened((artifact["label"] for artifact in artifacts), 16)
    several = len(artifacts) > 1
    labels = [
        (
            middle_cut(output["name"], _NAME - 14 * several) + (f" · {names[label]}" if several else ""),
            units.excess(output["excess"]),
        )
        for _, label, output in found
    ]
    shares = [charts.held(output["excess"]) for _, _, output in found]
    least, most = min(2e-3, *shares) / 2, max(2.0, *shares) * 1.5
    numbers = Table(
        "Largest error of each output in units of what is allowed",
        ("artifact", "output", "of what is allowed"),
        tuple((Quoted(label), Quoted(output["name"]), units.excess(output["excess"])) for _, label, output in found),
    )
    worst = found[0][2]
    side = "beyond" if worst["excess"] > 1 else "within"
    says = f"Share of the tolerance that outputs take. The worst, {_name(worst)}, takes {units.excess(worst['excess'])}"
    spec = _dots(labels, [(place, share) for (place, _, _), share in zip(found, shares, strict=True)], least, most)
    return Chart("How near to the tolerance", f"{says}: {side} it.", spec, numbers)


def _dots(labels: Sequence[charts.Label], found: Sequence[tuple[int, float]], least: float, most: float) -> charts.Spec:
    values = [
        {"y": charts.at(row), "excess": value, "least": least, "colour": charts.colour(place)}
        for row, (place, value) in enumerate(found)
    ]
    y = {"field": "y", "type": "quantitative", "axis": None}
    x = {
        "field": "excess",
        "type": "quantitative",
        "scale": {"type": "log", "domain": [least, most], "nice": False},
        "axis": {
            "values": charts.log_ticks(least, most),
            "labelExpr": "datum.value > 1 ? format(datum.value, '~s') + '×' : format(datum.value * 100, '.3~g') + '%'",
            "title": "of what is allowed",
        },
    }
    beyond = {
        "data": {"values": [{"from": 1, "to": most}]},
        "mark": {"type": "rect", "color": "var(--bad)", "opacity": 0.1},
        "encoding": {"x": {**x, "field": "from"}, "x2": {"field": "to"}},
    }
    limit = {
        "data": {"values": [{"at": 1}]},
        "mark": {"type": "rule", "color": "var(--bad)", "strokeWidth": 1.5},
        "encoding": {"x": {**x, "field": "at"}},
    }
    stem = {
        "data": {"values": values},
        "mark": {"type": "rule", "strokeWidth": 2},
        "encoding": {"x2": {"field": "least"}, "y": y, "color": charts.own("colour")},
    }
    dot = {
        "data": {"values": values},
        "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
        "encoding": {"y": y, "color": charts.own("colour")},
    }
    return charts.rows(labels, beyond, limit, stem, dot, x=x)


def errors(output: Output, tolerance: Mapping[str, Any], place: int) -> Chart | None:
    """The histogram of absolute errors, both axes logarithmic, with what is allowed at the least."""
    bins = (output.get("details") or {}).get("abs_histogram") or []
    if not any(low for low, _, _ in bins):
        return None
    same = sum(count for low, high, count in bins if low == high == 0)
    values = [
        {"low": math.log2(low), "high": math.log2(high), "count": count} for low, high, count in bins if low and count
    ]
    first = min(value["low"] for value in values)
    if same:
        values.append({"low": first - 3, "high": first - 2, "count": same})
    allowed = least_allowed(output, tolerance)
    total = sum(value["count"] for value in values)
    equal = f"{units.count(same)} of {units.count(total)} values are equal"
    says = f"Absolute errors of {_name(output)}: {equal}, the largest error is {units.error(output['max_abs'])}"
    says += f", and {units.error(allowed)} or more is allowed everywhere." if allowed else "."
    numbers = Table(
        "Absolute errors by size",
        ("at least", "below", "values"),
        tuple(
            (units.error(low), units.error(high) if high else "equal", units.count(count)) for low, high, count in bins
        ),
    )
    spec = _histogram(values, charts.colour(place), first if same else None, allowed)
    return Chart(f"Errors of {middle_cut(output['name'], _NAME)}", says, spec, numbers)


def least_allowed(output: Output, tolerance: Mapping[str, Any]) -> float | None:
    """The absolute error that is allowed at any value of the output, by its tolerance; None where that is in ULPs."""
    if tolerance.get("ulps") is not None or output["name"] in tolerance.get("exact", ()):
        return None
    if tolerance.get("atol") is not None:
        return float(tolerance["atol"]) or None
    return (tolerance.get("rms") or 0.0) * (output.get("rms") or 0.0) or None


def _histogram(values: list[dict[str, Any]], colour: str, first: float | None, allowed: float | None) -> charts.Spec:
    """Bars over powers of two; errors of zero stand apart, left of `first`."""
    limit = None if allowed is None else math.log2(allowed)
    low = min(value["low"] for value in values)
    high = max([low + _NARROWEST] + [value["high"] for value in values] + ([] if limit is None else [limit + 1]))
    start = low if first is None else first
    ticks = [math.log2(tick) for tick in charts.log_ticks(_power(start), _power(high), powers=True)]
    zero = [] if first is None else [first - 2.5]
    expr = "format(pow(2, datum.value), '.1~e')"
    x = {
        "type": "quantitative",
        "scale": {"domain": [low - 0.5, high + 0.5], "nice": False},
        "axis": {
            "values": [*zero, *ticks],
            "grid": False,
            "labelExpr": f"datum.value < {first - 2:.1f} ? 'equal' : {expr}" if first is not None else expr,
            "title": "absolute error",
        },
    }
    bar = {
        "data": {"values": [{**value, "floor": 0.5} for value in values]},
        "mark": {"type": "rect", "color": colour, "stroke": "var(--page)", "strokeWidth": 0.5},
        "encoding": {"x": {"field": "low", **x}, "x2": {"field": "high"}, **_counts(values)},
    }
    rule = {
        "data": {"values": [] if limit is None else [{"at": limit, "label": "allowed"}]},
        "mark": {"type": "rule", "color": "var(--bad)", "strokeWidth": 1.5},
        "encoding": {"x": {"field": "at", **x}},
    }
    text = {
        "data": rule["data"],
        "mark": {"type": "text", "align": "right", "dx": -4, "color": "var(--bad)", "baseline": "top"},
        "encoding": {"x": {"field": "at", **x}, "y": {"value": 0}, "text": {"field": "label"}},
    }
    return charts.picture(120, bar, rule, text)


def _power(exponent: float) -> float:
    """A power of two, held to the range of floats."""
    return math.pow(2.0, min(max(exponent, -1074.0), 1023.0))


def _counts(values: Sequence[Mapping[str, Any]]) -> charts.Spec:
    """The y of counts from one to thousands, with a line at each power of ten."""
    most = max(value["count"] for value in values)
    y = {
        "field": "count",
        "type": "quantitative",
        "scale": {"type": "log", "domain": [0.5, most * 1.3], "nice": False},
        "axis": {
            "title": "values",
            "values": [10**power for power in range(12) if 10**power <= most * 1.3],
            "labelExpr": "format(datum.value, '~s')",
        },
    }
    return {"y": y, "y2": {"field": "floor"}}


def ulps(output: Output, tolerance: Mapping[str, Any], place: int) -> Chart | None:
    """How many floats lie between the values, with the number that is allowed."""
    bins = (output.get("details") or {}).get("ulp_histogram") or []
    if not bins or output.get("ulps") is None:
        return None
    allowed = 0 if output["name"] in tolerance.get("exact", ()) else tolerance.get("ulps")
    said = {(low, high): units.count(low) if low == high else f"{low:,}–{high:,}" for low, high, _ in bins}
    values = [
        {
            "bin": said[low, high],
            "count": count,
            "floor": 0.5,
            "colour": charts.colour(place) if allowed is None or low <= allowed else "var(--bad)",
        }
        for low, high, count in bins
        if count
    ]
    bar = {
        "data": {"values": values},
        "mark": {"type": "bar", "cornerRadius": 1, "width": min(40, 240 / len(values))},
        "encoding": {
            "x": {
                "field": "bin",
                "type": "ordinal",
                "sort": None,
                "axis": {"title": "ULPs apart", "labelAngle": 0 if len(values) < 8 else -45, "domain": True},
            },
            **_counts(values),
            "color": charts.own("colour"),
        },
    }
    says = f"Floats between the values of {_name(output)}: at most {units.count(output['ulps'])}"
    says += "." if allowed is None else f", and {units.count(allowed)} are allowed."
    numbers = Table(
        "Values by ULPs", ("ULPs", "values"), tuple((said[low, high], units.count(count)) for low, high, count in bins)
    )
    return Chart(f"ULPs of {middle_cut(output['name'], _NAME)}", says, charts.picture(120, bar), numbers)


def _name(output: Output) -> str:
    return middle_cut(output["name"], 80)

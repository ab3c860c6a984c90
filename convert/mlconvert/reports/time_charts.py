"""Pictures of a benchmark: distributions of times, sweeps, sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mlconvert.reports import charts, units
from mlconvert.reports.outline import Chart, Quoted, Table, shortened

NAME = 24
_GRID = 120

Cell = Mapping[str, Any]
Document = Mapping[str, Any]


def places(document: Document) -> list[tuple[int, int, int]]:
    """The cells' (batch, threads, clients), each once, in their order."""
    return list(dict.fromkeys(place(cell) for cell in document["cells"]))


def place(cell: Cell) -> tuple[int, int, int]:
    """(batch, threads, clients) of a cell."""
    return cell["batch"], cell["threads"], cell["clients"]


def named(document: Document, at: tuple[int, int, int], but: str = "") -> str:
    """`batch 8, 2 threads`: threads and clients where there is more than one number of them; without what is `but`."""
    found = [] if but == "batch" else [f"batch {at[0]:,}"]
    for index, (plural, count) in enumerate((("threads", at[1]), ("clients", at[2])), 1):
        varied = count > 1 or any(one[index] != count for one in places(document))
        if varied and plural != but:
            found.append(f"{count:,} {plural if count != 1 else plural[:-1]}")
    return ", ".join(found)


def order(document: Document) -> dict[str, int]:
    """The place of each subject, which gives it its colour."""
    return {subject["label"]: number for number, subject in enumerate(document["subjects"])}


def latencies(document: Document, at: tuple[int, int, int]) -> Chart | None:
    """How the times of one cell are distributed, a row for each subject, with p50 and p99."""
    cells = [cell for cell in document["cells"] if place(cell) == at and len(cell["samples"]) > 1]
    if not cells:
        return None
    colours, names = order(document), shortened(order(document), NAME)
    labels = [
        (names[cell["subject"]], f"{units.duration(cell.get('p50'))}, p99 {units.duration(cell.get('p99'))}")
        for cell in cells
    ]
    middle = "; ".join(f"{names[cell['subject']]} {units.duration(cell.get('p50'))}" for cell in cells[:8])
    numbers = Table(
        f"Times of a call at {named(document, at)}",
        ("model", "p50", "p90", "p95", "p99"),
        tuple((Quoted(cell["subject"]), *(units.duration(cell.get(key)) for key in _PERCENTILES)) for cell in cells),
    )
    spec = _densities(labels, cells, [charts.colour(colours.get(cell["subject"], 0)) for cell in cells])
    where = named(document, at)
    return Chart(
        f"Time of a call, {where}", f"Distribution of the time of a call at {where}. Median: {middle}.", spec, numbers
    )


_PERCENTILES = ("p50", "p90", "p95", "p99")


def _densities(labels: Sequence[charts.Label], cells: Sequence[Cell], colours: Sequence[str]) -> charts.Spec:
    """The density of each row's samples over the logarithm of time, as high as its row allows."""
    import numpy as np

    logs = [np.log10(np.clip(np.asarray(cell["samples"], dtype=float), 1e-12, 1e12)) for cell in cells]
    ends = [np.quantile(log, (0.002, 0.995)) for log in logs]
    low, high = min(end[0] for end in ends) - 0.03, max(end[1] for end in ends) + 0.03
    grid = np.linspace(low, high, 2 * _GRID)
    shape = []
    for row, log in enumerate(logs):
        height = _density(log, grid)
        shape += [
            {"x": 10**x, "y": row + 0.92 - 0.5 * y, "floor": row + 0.92, "row": row, "colour": colours[row]}
            for x, y in zip(grid.tolist(), height.tolist(), strict=True)
            if y > 0.004
        ]
    marks = [
        {
            "x": charts.held(cell[key]),
            "y": row + 0.92,
            "to": row + (0.42 if key == "p50" else 0.7),
            "colour": colours[row],
        }
        for row, cell in enumerate(cells)
        for key in ("p50", "p99")
        if cell.get(key)
    ]
    x = {
        "field": "x",
        "type": "quantitative",
        "scale": {"type": "log", "domain": [10**low, 10**high], "nice": False},
        "axis": _time_axis(10**low, 10**high),
    }
    y = {"field": "y", "type": "quantitative", "axis": None}
    colour = charts.own("colour")
    area = {
        "data": {"values": shape},
        "mark": {"type": "area", "opacity": 0.45},
        "encoding": {"y": y, "y2": {"field": "floor"}, "color": colour, "detail": {"field": "row"}},
    }
    rule = {
        "data": {"values": marks},
        "mark": {"type": "rule", "strokeWidth": 1.5},
        "encoding": {"y": y, "y2": {"field": "to"}, "color": colour},
    }
    return charts.rows(labels, area, rule, x=x)


def _density(log: Any, grid: Any) -> Any:
    """A Gaussian kernel over a histogram, as high as 1; its width by Silverman's rule (1986, eq. 3.31)."""
    import numpy as np

    step = grid[1] - grid[0]
    quarter = np.subtract(*np.quantile(log, (0.75, 0.25))) / 1.34
    spread = min(float(log.std()), float(quarter)) or float(log.std())
    width = max(0.9 * spread * len(log) ** -0.2, step)
    counts, _ = np.histogram(log, bins=np.append(grid - step / 2, grid[-1] + step / 2))
    reach = np.arange(-len(grid) + 1, len(grid)) * step
    smooth = np.convolve(counts, np.exp(-0.5 * (reach / width) ** 2), mode="valid")
    return smooth / (smooth.max() or 1)


def _time_axis(low: float, high: float) -> charts.Spec:
    """Times in their units."""
    expr = (
        "datum.value < 9.995e-7 ? format(datum.value * 1e9, '.3~g') + ' ns' : "
        "datum.value < 9.995e-4 ? format(datum.value * 1e6, '.3~g') + ' µs' : "
        "datum.value < 0.9995 ? format(datum.value * 1e3, '.3~g') + ' ms' : format(datum.value, '.3~g') + ' s'"
    )
    return {"values": charts.log_ticks(low, high), "labelExpr": expr, "title": None}


def sweeps(document: Document) -> Iterator[Chart]:
    """Latency and throughput against what was swept, everything else at its first value."""
    for index, what in enumerate(("batch", "threads", "clients")):
        sizes = list(dict.fromkeys(one[index] for one in places(document)))
        if len(sizes) > 1:
            yield from _sweep(document, index, what)


def _sweep(document: Document, index: int, what: str) -> Iterator[Chart]:
    first = places(document)[0]
    held = [cell for cell in document["cells"] if _same_but(place(cell), first, index)]
    names = shortened(order(document), NAME)
    others = named(document, first, but=what)
    for key, title, unit in (
        ("p50", "Median time of a call", units.duration),
        ("throughput", "Rows per second", units.rate),
    ):
        points = [
            {"x": cell[what], "y": charts.held(cell[key]), "label": names[cell["subject"]]}
            for cell in held
            if cell.get(key)
        ]
        if points:
            yield _curve(f"{title} by {what}{others and ', '}{others}", what, key, points, list(names.values()), unit)


def _same_but(one: tuple[int, ...], other: tuple[int, ...], index: int) -> bool:
    return all(a == b for number, (a, b) in enumerate(zip(one, other, strict=True)) if number != index)


def _curve(
    title: str,
    what: str,
    key: str,
    points: list[dict[str, Any]],
    names: list[str],
    unit: Callable[[float | None], str],
) -> Chart:
    labels = [name for name in names if any(point["label"] == name for point in points)]
    sizes = sorted({point["x"] for point in points})
    ys = [point["y"] for point in points]
    low, high = min(ys) / 1.15, max(ys) * 1.15
    axis = _time_axis(low, high) if key == "p50" else {"values": charts.log_ticks(low, high), "format": ".3~s"}
    x = {
        "scale": {"type": "log", "domain": [sizes[0] / 1.1, sizes[-1] * 1.1], "nice": False},
        "axis": {"values": sizes, "title": what, "grid": False, "format": "d"},
    }
    y = {"scale": {"type": "log", "domain": [low, high], "nice": False}, "axis": {**axis, "title": None}}
    by_name = {name: {point["x"]: point["y"] for point in points if point["label"] == name} for name in labels}
    numbers = Table(
        title,
        ("model", *(f"{what} {size:,}" for size in sizes)),
        tuple((Quoted(name), *(unit(found.get(size)) for size in sizes)) for name, found in by_name.items()),
    )
    ends = "; ".join(
        f"{name} {unit(found[min(found)])} to {unit(found[max(found)])}" for name, found in by_name.items()
    )
    says = f"{title}, from {sizes[0]:,} to {sizes[-1]:,}: {ends}."
    return Chart(title, says, charts.curves(points, labels, x=x, y=y), numbers)


def amounts(document: Document) -> Iterator[Chart]:
    """Bars: size, time to load, memory."""
    for title, unit, read in (
        ("Size", units.size, lambda one: one.get("bytes")),
        ("Time to load, in a new process", units.duration, lambda one: middle(one.get("first_load_seconds"))),
        ("Time to load, packages loaded", units.duration, lambda one: middle(one.get("load_seconds"))),
        ("Peak memory", units.size, lambda one: middle(one.get("memory_bytes"))),
    ):
        found = [(one["label"], number, read(one)) for number, one in enumerate(document["subjects"])]
        known = [(label, number, amount) for label, number, amount in found if amount is not None]
        if len(known) > 1 and any(amount for _, _, amount in known):
            yield _bars(title, unit, known)


def middle(values: Sequence[float] | None) -> float | None:
    """The (upper) median; None where there is nothing."""
    return sorted(values)[len(values) // 2] if values else None


def _bars(title: str, unit: Callable[[float | None], str], known: list[tuple[str, int, float]]) -> Chart:
    names = shortened((label for label, _, _ in known), NAME)
    said = [(names[label], unit(amount)) for label, _, amount in known]
    spec = charts.bars(said, [amount for _, _, amount in known], [charts.colour(number) for _, number, _ in known])
    rows = tuple((Quoted(label), unit(amount)) for label, _, amount in known)
    return Chart(
        title, f"{title}: {'; '.join(map(' '.join, said))}.", spec, Table(title, ("model", title.lower()), rows)
    )

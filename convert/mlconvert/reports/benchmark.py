"""What a report says of a benchmark: who is faster by how much and how surely, then how it was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlconvert.reports import ratio_charts, time_charts, units
from mlconvert.reports.outline import (
    Block,
    Charts,
    Facts,
    Lines,
    Quoted,
    Report,
    Section,
    Table,
    Text,
    Verdict,
    route,
    versions,
)
from mlconvert.reports.validation import digests, kind

_PICTURED = 6

Entry = Mapping[str, Any]


def report(document: Entry) -> Report:
    """The report of a benchmark's document."""
    subjects = document["subjects"]
    source = next((one["label"] for one in subjects if one["role"] == "source"), "")
    others = [one["label"] for one in subjects if one["role"] != "source"]
    against = (Quoted(others[0]),) if len(others) == 1 else (f"{len(others)} artifacts",)
    return Report(
        "Benchmark",
        (*against, " against ", Quoted(source)),
        Verdict(document["status"]),
        document["reason"],
        tuple(_blocks(document)),
    )


def _blocks(document: Entry) -> Iterator[Block]:
    sentences = tuple(_sentences(document))
    if sentences:
        yield Lines(sentences)
    ratios = tuple(ratio_charts.ratios(document))
    if ratios:
        yield Charts(ratios)
    if document["cells"]:
        yield _times(document)
        yield Section("All percentiles", (_percentiles(document),), folded=True)
    if document["gates"]:
        yield _gates(document)
    yield from _left_out(document["subjects"])
    places = time_charts.places(document)
    drawn = [time_charts.latencies(document, at) for at in places]
    shown = tuple(chart for chart in drawn if chart)
    if shown:
        yield Section("How the times are distributed", (Charts(shown[:_PICTURED]), *_more(shown[_PICTURED:])))
    curves = tuple(time_charts.sweeps(document))
    if curves:
        yield Section("How it scales", (Charts(curves),))
    yield Section("To keep and to load", (_costs(document["subjects"]), Charts(tuple(time_charts.amounts(document)))))
    yield _made(document["subjects"])
    yield _measured(document)


def _more(charts: Sequence[Any]) -> Iterator[Block]:
    if charts:
        yield Section(f"{len(charts)} more", (Charts(tuple(charts)),), folded=True)


def _sentences(document: Entry) -> Iterator[Text]:
    """What came out for each artifact, in one sentence."""
    for subject in document["subjects"]:
        found = [cell for cell in document["cells"] if cell["subject"] == subject["label"] and cell["ratio"]]
        by_verdict: dict[str, list[Entry]] = {}
        for cell in found:
            by_verdict.setdefault(cell["ratio"]["verdict"], []).append(cell)
        parts: list[Any] = []
        for verdict, cells in by_verdict.items():
            parts += ["; " if parts else " ", Verdict(verdict), _span(document, cells, len(found))]
        if parts:
            yield (Quoted(subject["label"]), *parts)


def _span(document: Entry, cells: Sequence[Entry], of: int) -> str:
    low = min(cell["ratio"]["low"] for cell in cells)
    high = max(cell["ratio"]["high"] for cell in cells)
    where = f" at {time_charts.named(document, time_charts.place(cells[0]))}" if len(cells) == 1 else ""
    where = f" in {len(cells)} of {of} cells" if 1 < len(cells) < of else where if of > 1 else ""
    return f"{where}: {units.interval(low, high)} times the source's time"


def _times(document: Entry) -> Table:
    confidence = document["settings"]["confidence"]
    rows = tuple(
        (
            Quoted(cell["subject"]),
            *_place(document, cell),
            units.duration(cell.get("p50")),
            units.duration(cell.get("p99")),
            units.rate(cell.get("throughput")),
            *_ratio(cell["ratio"]),
        )
        for cell in document["cells"]
    )
    caption = f"Time of a call, rows per second, and time over the source's with its {confidence:.0%} interval"
    swept = _swept(document)
    head = ("model", *swept, "p50", "p99", "rows", "ratio", "interval", "verdict")
    return Table(caption, head, rows, ("interval", "p99", "rows"))


def _swept(document: Entry) -> tuple[str, ...]:
    places = time_charts.places(document)
    keys = ("batch", "threads", "clients")
    return tuple(key for index, key in enumerate(keys) if index == 0 or len({one[index] for one in places}) > 1)


def _place(document: Entry, cell: Entry) -> tuple[str, ...]:
    return tuple(units.count(cell[key]) for key in _swept(document))


def _ratio(found: Entry | None) -> tuple[Text, ...]:
    if found is None:
        return "1×", "–", "the source"
    return units.ratio(found["median"]), units.interval(found["low"], found["high"]), Verdict(found["verdict"])


def _percentiles(document: Entry) -> Table:
    keys = ("p50", "p90", "p95", "p99", "mean")
    rows = tuple(
        (Quoted(cell["subject"]), *_place(document, cell), *(units.duration(cell.get(key)) for key in keys))
        for cell in document["cells"]
    )
    return Table("Times of a call", ("model", *_swept(document), *keys), rows)


def _gates(document: Entry) -> Section:
    rows = tuple(
        (
            Quoted(gate["expression"]),
            Quoted(gate["subject"]),
            _cell_of(document, gate),
            Verdict("failed" if gate["failed"] else "passed"),
            amount(gate, gate.get("value")),
            _interval(gate),
            amount(gate, gate.get("bound")),
        )
        for gate in document["gates"]
    )
    head = ("fails if", "model", "at", "gate", "measured", "interval", "bound")
    return Section("The gates", (Table("What had to hold", head, rows, ("measured", "interval")),))


def _interval(gate: Entry) -> str:
    low, high = gate.get("low"), gate.get("high")
    # What is measured once, the size of a file say, has none.
    return "–" if low is None or high in (None, low) else f"{amount(gate, low)} to {amount(gate, high)}"


def _cell_of(document: Entry, gate: Entry) -> str:
    if gate.get("batch") is None:
        return "–"
    return time_charts.named(document, (gate["batch"], gate.get("threads") or 1, gate.get("clients") or 1))


def amount(gate: Entry, value: float | None) -> str:
    """A gate's number in the unit of its metric, which is the expression's first word."""
    metric = gate["expression"].split()[:1]
    if metric in (["size"], ["memory"]):
        return units.size(value)
    return units.rate(value) if metric == ["throughput"] else units.duration(value)


def _left_out(subjects: Sequence[Entry]) -> Iterator[Section]:
    texts = tuple(
        (Quoted(one["label"]), " was not timed: ", Quoted(why_not(one))) for one in subjects if not one["timed"]
    )
    if texts:
        yield Section("Not timed", (Lines(texts),))


def why_not(subject: Entry) -> str:
    """Why a subject was not timed, with what parity says of it."""
    found = (subject["why_not"], (subject["parity"] or {}).get("reason", ""))
    return ": ".join(dict.fromkeys(filter(None, found)))


def _costs(subjects: Sequence[Entry]) -> Table:
    rows = tuple(
        (
            Quoted(one["label"]),
            Quoted(kind(one)),
            Verdict(one["parity"]["status"]) if one["parity"] else "the source",
            units.size(one.get("bytes")),
            units.duration(time_charts.middle(one.get("first_load_seconds"))),
            units.duration(time_charts.middle(one.get("load_seconds"))),
            units.size(time_charts.middle(one.get("memory_bytes"))),
        )
        for one in subjects
    )
    head = ("model", "format", "parity", "size", "first load", "later load", "peak memory")
    return Table("Size, medians of the time to load and of peak memory", head, rows, ("later load", "format"))


def _made(subjects: Sequence[Entry]) -> Section:
    inner = tuple(Section(Quoted(one["label"]), tuple(_of_subject(one))) for one in subjects)
    return Section("What was timed", inner, folded=True)


def _of_subject(subject: Entry) -> Iterator[Block]:
    made = route(subject.get("route", ()))
    if made:
        yield made
    pairs: list[tuple[str, Text]] = [("format", Quoted(kind(subject)))]
    if subject.get("clock"):
        pairs.append(("a sample is", Quoted(subject["clock"])))
    yield Facts(tuple(pairs))


def _measured(document: Entry) -> Section:
    settings, machine = document["settings"], document["machine"]
    pinned = settings.get("pinned")
    turns = f"{settings.get('processes', '–')} processes of each, {settings.get('rounds', '–')} rounds of turns in each"
    pairs: list[tuple[str, Text]] = [
        ("equivalent", f"within {settings['margin']:.1%}, with {settings['confidence']:.0%} confidence"),
        ("noise", _noise(document)),
        ("turns", turns),
        ("cores", f"held to {', '.join(map(str, pinned))}" if pinned else "free to use any"),
        ("seed", str(settings.get("seed", "–"))),
        ("machine", Quoted(", ".join(_machine(machine)))),
        ("packages", Quoted(versions(document["versions"]) or "–")),
        ("mlconvert", Quoted(document["mlconvert"])),
        ("command", Quoted(document["command"])),
    ]
    return Section("How it was measured", (Facts(tuple(pairs)), *digests(document["subjects"])), folded=True)


def _noise(document: Entry) -> str:
    """What the source against itself shows: how far a ratio comes from 1 where there is no difference."""
    found = [one["ratio"] for one in document["noise"]]
    if not found:
        return "not measured"
    furthest = max(max(ratio["high"], 1 / ratio["low"]) - 1 for ratio in found)
    wrong = sum(ratio["verdict"] in ("faster", "slower") for ratio in found)
    return f"the source against itself: within {furthest:.1%}; a difference in {wrong} of {len(found)} comparisons"


def _machine(entry: Entry) -> Iterator[str]:
    for key in ("processor", "architecture", "system"):
        if entry.get(key):
            yield str(entry[key])
    if entry.get("cores"):
        yield f"{entry['cores']:,} cores"
    if entry.get("memory"):
        yield units.size(entry["memory"])
    if entry.get("load") is not None:
        yield f"load {entry['load']}"

"""What a report says of a validation: the verdict and why, then every artifact with its outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlconvert.reports import error_charts, units
from mlconvert.reports.outline import (
    Block,
    Chart,
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

# So many outputs stand in the open, the worst first; the others are folded away.
_SHOWN = 12
_DRAWN = 6

Entry = Mapping[str, Any]


def report(document: Entry) -> Report:
    """The report of a validation's document."""
    artifacts = document["artifacts"]
    against = (Quoted(artifacts[0]["label"]),) if len(artifacts) == 1 else (f"{len(artifacts)} artifacts",)
    nearest = error_charts.nearest(artifacts)
    return Report(
        "Validation",
        (*against, " against ", Quoted(document["source"]["label"])),
        Verdict(document["status"]),
        document["reason"],
        (
            _overview(document),
            *((Charts((nearest,)),) if nearest else ()),
            *(_artifact(artifact, place) for place, artifact in enumerate(artifacts)),
            _compared(document),
        ),
    )


def _overview(document: Entry) -> Table:
    rows = tuple(
        (
            Quoted(artifact["label"]),
            Verdict(artifact["check"]["status"]),
            Quoted(kind(artifact)),
            units.size(artifact.get("bytes")),
            *_largest(artifact["check"]["outputs"]),
        )
        for artifact in document["artifacts"]
    )
    head = ("artifact", "parity", "format", "size", "largest error", "of tolerance")
    return Table("The artifacts", head, rows, ("format", "size"))


def kind(model: Entry) -> str:
    """A model's format with its flavour: `trt (rtx)`."""
    return f"{model['format']} ({model['flavour']})" if model.get("flavour") else str(model["format"])


def _largest(outputs: Sequence[Entry]) -> tuple[str, str]:
    """The error of the worst output, and how much of the tolerance it takes."""
    if not outputs:
        return "–", "–"
    worst = min(outputs, key=_by_harm)
    return units.error(worst["max_abs"]), units.excess(worst["excess"])


def _by_harm(output: Entry) -> tuple[bool, float]:
    excess = output["excess"]
    return output["status"] != "failed", float("-inf") if excess is None else -excess


def _artifact(artifact: Entry, place: int) -> Section:
    check = artifact["check"]
    return Section(
        (Quoted(artifact["label"]), "  ", Verdict(check["status"])), tuple(_of_artifact(artifact, check, place))
    )


def _of_artifact(artifact: Entry, check: Entry, place: int) -> Iterator[Block]:
    why: list[Text] = [Quoted(check["reason"])] if check["reason"] else []
    if check.get("fix"):
        why.append(("To prove it: ", Quoted(check["fix"])))
    if why:
        yield Lines(tuple(why))
    if check.get("first_bad"):
        yield Section("The first bad node", (_suspect(check["first_bad"]),), alarming=True)
    made = route(artifact.get("route", ()))
    if made:
        yield made
    yield Facts(tuple(_facts(check)))
    yield from _outputs(check, place)
    if check["probes"]:
        yield Section(f"The inputs: {len(check['probes'])}", (_probes(check["probes"]),), folded=True)


def _suspect(entry: Entry) -> Facts:
    shown = {**entry, "off": None if entry.get("max_abs") is None else units.error(entry["max_abs"])}
    return Facts(tuple((label, Quoted(shown[key])) for key, label in _SUSPECT.items() if shown.get(key)))


_SUSPECT = {
    "node": "node",
    "op": "operator",
    "source": "from",
    "off": "off by",
    "note": "note",
    "reproducer": "reproducer",
}


def _facts(check: Entry) -> Iterator[tuple[str, Text]]:
    yield "tolerance", tolerance(check["tolerance"], check["stage"])
    if check["probes"]:
        labels = ", ".join(dict.fromkeys(sizes(probe) for probe in check["probes"][:6]))
        more = len(check["probes"]) - 6
        yield "inputs", (Quoted(labels), f" and {more} more") if more > 0 else Quoted(labels)
    for name, said in check.get("facts", {}).items():
        yield "noted", (Quoted(name), ": ", Quoted(said))
    if check.get("accuracy"):
        yield "accuracy", _accuracy(check["accuracy"])


def tolerance(entry: Entry, stage: str | None) -> Text:
    """What is allowed, in words, and who says so."""
    parts = [Quoted(f"{name} bit for bit") for name in entry.get("exact") or ()]
    words = []
    if entry.get("ulps") is not None:
        words.append(f"{entry['ulps']:,} ULPs" + (f" or {units.error(entry['atol'])}" if entry.get("atol") else ""))
    else:
        if entry.get("rtol"):
            words.append(f"{units.error(entry['rtol'])} of each value")
        if entry.get("atol") is not None:
            words.append(units.error(entry["atol"]))
        elif entry.get("rms"):
            words.append(f"{units.error(entry['rms'])} of the output's RMS")
    stage = stage or entry.get("by")
    by = "the user's own" if entry["from"] == "user" else "the default" if stage is None else "declared by "
    who = (by, Quoted(stage)) if stage is not None and entry["from"] != "user" else (by,)
    exact = tuple(piece for part in parts for piece in ("; ", part))
    return (" + ".join(words) or "nothing", *exact, "; ", *who)


def sizes(probe: Entry) -> str:
    """One probe: `opt (batch=8)`."""
    shown = ", ".join(f"{name}={count}" for name, count in probe["sizes"].items())
    return f"{probe['label']} ({shown})" if shown else str(probe["label"])


def _accuracy(entry: Entry) -> Text:
    by = (", by the output ", Quoted(entry["output"])) if entry.get("output") else ()
    said = _shares(entry["artifact"], entry["source"])
    if entry.get("artifact_top5") is not None:
        said += f"; among the first five {_shares(entry['artifact_top5'], entry.get('source_top5'))}"
    return (f"{said}, on {entry['labels']:,} labels", *by, f"; both answer alike on {units.share(entry['agreement'])}")


def _shares(artifact: float, source: float | None) -> str:
    return f"{units.share(artifact)}, the source {units.share(source)}"


def _outputs(check: Entry, place: int) -> Iterator[Block]:
    outputs = check["outputs"]
    if not outputs:
        return
    ordered = sorted(outputs, key=_by_harm) if len(outputs) > _DRAWN else list(outputs)
    shown, rest = ordered[:_SHOWN], ordered[_SHOWN:]
    yield _table(f"The {_SHOWN} worst of {len(outputs)} outputs" if rest else "The outputs", shown)
    if rest:
        yield Section(f"{len(rest)} more outputs", (_table("The other outputs", rest),), folded=True)
    drawn = tuple(_charts(ordered[:_DRAWN], check["tolerance"], place))
    if drawn:
        yield Charts(drawn)
    detailed = [output for output in ordered if output.get("details")]
    if detailed:
        yield Section("Errors in detail", (_details(detailed), _relative(detailed)), folded=True)


def _table(caption: str, outputs: Sequence[Entry]) -> Table:
    """Columns that say nothing of any of these outputs are left out."""
    counted = any(output.get("ulps") is not None for output in outputs)
    ranked = any(output.get("argmax") is not None for output in outputs)
    start = ("output", "parity", "largest error", "relative", "of tolerance")
    rows = tuple(
        (
            Quoted(output["name"]),
            Verdict(output["status"]),
            *_measures(output),
            *([units.count(output.get("ulps"))] if counted else []),
            units.error(output.get("rms")) if output.get("rms") is not None else "–",
            units.cosine(output.get("cosine")),
            *([units.share(output.get("argmax"))] if ranked else []),
        )
        for output in outputs
    )
    head = (*start, *(["ULPs"] if counted else []), "RMS", "cosine", *(["same argmax"] if ranked else []))
    return Table(caption, head, rows, ("RMS", "cosine", "relative"))


def _measures(output: Entry) -> tuple[Text, str, str]:
    if output.get("problem"):
        return Quoted(output["problem"]), "–", "–"
    relative = units.error(output["max_rel"]) if "max_rel" in output else "–"
    return units.error(output["max_abs"]), relative, units.excess(output["excess"])


def _charts(outputs: Sequence[Entry], allowed: Entry, place: int) -> Iterator[Chart]:
    for output in outputs:
        found = (error_charts.errors(output, allowed, place), error_charts.ulps(output, allowed, place))
        yield from filter(None, found)


_PERCENTILES = ("50", "90", "99", "99.9")


def _details(outputs: Sequence[Entry]) -> Table:
    rows = []
    for output in outputs:
        details = output["details"]
        lost = details.get("not_finite") or {}
        noise = details.get("snr_db")
        rows.append(
            (
                Quoted(output["name"]),
                units.count(details.get("elements")),
                _error(details, "mean_abs"),
                *_percentiles(details, "abs_percentiles"),
                "–" if noise is None else f"{noise:.1f} dB",
                units.share(details.get("top5")),
                " / ".join(units.count(lost.get(key)) for key in ("source", "artifact", "apart")) if lost else "–",
            )
        )
    head = ("output", "values", "mean error", *(f"{name}% within" for name in _PERCENTILES))
    return Table(
        "Absolute errors, signal to noise, and values that are not finite (source / artifact / one alone)",
        (*head, "signal to noise", "in top 5", "not finite"),
        tuple(rows),
    )


def _relative(outputs: Sequence[Entry]) -> Table:
    head = ("output", "mean error", *(f"{name}% within" for name in _PERCENTILES))
    rows = tuple(
        (Quoted(one["name"]), _error(one["details"], "mean_rel"), *_percentiles(one["details"], "rel_percentiles"))
        for one in outputs
    )
    return Table("Errors relative to the source's value", head, rows)


def _error(details: Entry, key: str) -> str:
    return units.error(details[key]) if key in details else "–"


def _percentiles(details: Entry, key: str) -> tuple[str, ...]:
    found = details.get(key) or {}
    return tuple(units.error(found[name]) if name in found else "–" for name in _PERCENTILES)


def _probes(probes: Sequence[Entry]) -> Table:
    rows = tuple((Quoted(sizes(probe)), Verdict(probe["status"]) if probe.get("status") else "–") for probe in probes)
    return Table("The inputs that both models answered", ("inputs", "parity"), rows)


def _compared(document: Entry) -> Section:
    source, data, host = document["source"], document["data"], document["host"]
    drawn = f"drawn with seed {data['seed']}"
    inputs: Text = drawn if data["from"] == "drawn" else (Quoted(data["from"]), *_rows(data))
    pairs: list[tuple[str, Text]] = [
        ("source", (Quoted(source["label"]), ": ", Quoted(kind(source)), f", {units.size(source.get('bytes'))}")),
        ("inputs", inputs),
        ("machine", Quoted(" ".join(str(host[key]) for key in ("system", "machine") if host.get(key)))),
        ("Python", Quoted(host.get("python") or "–")),
        ("GPUs", Quoted(", ".join(gpu["name"] for gpu in host.get("gpus") or ()) or "none")),
        ("packages", Quoted(versions(document["versions"]) or "–")),
        ("mlconvert", Quoted(document["mlconvert"])),
        ("command", Quoted(document["command"])),
    ]
    return Section(
        "How it was compared", (Facts(tuple(pairs)), *digests([source, *document["artifacts"]])), folded=True
    )


def _rows(data: Entry) -> tuple[str, ...]:
    return () if data.get("rows") is None else (f", {data['rows']:,} rows",)


def digests(models: Sequence[Entry]) -> Iterator[Table]:
    """The files' digests, where they are known."""
    rows = tuple((Quoted(model["label"]), Quoted(model["sha256"])) for model in models if model.get("sha256"))
    if rows:
        yield Table("The files", ("model", "SHA-256"), rows)

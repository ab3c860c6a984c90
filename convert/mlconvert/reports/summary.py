"""Evidence for people: a manifest in a few lines of text, or as HTML in a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlconvert.reports.units import size
from mlconvert.text import for_html, for_terminal


def what(format: str, flavour: str | None) -> str:
    """A format with its flavour: `trt (rtx)`."""
    return f"{format} ({flavour})" if flavour else format


def rows(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The lines of a summary, as (what, text)."""
    source = entry["source"]
    name = source["file"] or "a live object"
    yield "artifact", f"{entry['artifact']}: {what(entry['format'], entry['flavour'])}, {size(entry['bytes'])}"
    if entry["route"] and entry["route"][-1]["loads_in"]:
        yield "loads in", entry["route"][-1]["loads_in"]
    yield "source", f"{name}: {what(source['format'], source['flavour'])}"
    yield from signature_rows(entry["signature"])
    yield from parity_rows(entry["parity"])


def signature_rows(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A signature's inputs, outputs and named dims, a line each."""
    for kind in ("input", "output"):
        for tensor in entry[f"{kind}s"]:
            yield kind, _tensor(tensor)
    for dim, (low, opt, high) in entry["dims"].items():
        yield "dim", f"{dim} = {low}:{opt}:{'' if high is None else high} (min:opt:max)"


def _tensor(entry: Mapping[str, Any]) -> str:
    dims = ",".join("?" if dim is None else str(dim) for dim in entry["shape"])
    return f"{entry['name']}:{entry['dtype']}[{dims}]"


def parity_rows(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The verdict of every hop; for a single word, that one."""
    for check in found["checks"]:
        yield "parity", f"{check['stage'] or 'compared'}: {verdict(check)}"
        if check.get("fix"):
            yield "to prove it", check["fix"]
        if check.get("first_bad"):
            yield "first bad", suspect(check["first_bad"])
    if not found["checks"]:
        yield "parity", f"{found['status']}: {found['reason']}"


def verdict(check: Mapping[str, Any]) -> str:
    """One check in one line."""
    if check["status"] != "passed":
        return f"{check['status']}: {check['reason']}"
    worst = max((output["max_abs"] for output in check["outputs"]), default=0.0)
    share = max((output["excess"] for output in check["outputs"]), default=0.0)
    probes = ", ".join(dict.fromkeys(_probe(probe) for probe in check["probes"]))
    facts = "".join(f"; {name}: {said}" for name, said in check.get("facts", {}).items())
    looser = " (tolerance by the user)" if check["tolerance"]["from"] == "user" else ""
    return f"passed: largest error {worst:.3g}, {share:.1%} of what is allowed{looser}; at {probes}{facts}"


def _probe(probe: Mapping[str, Any]) -> str:
    sizes = ", ".join(f"{name}={count}" for name, count in probe["sizes"].items())
    return f"{probe['label']} ({sizes})" if sizes else str(probe["label"])


def suspect(entry: Mapping[str, Any]) -> str:
    """The first bad node in one line."""
    if not entry.get("node"):
        return str(entry.get("note", ""))
    origin = f" from {entry['source']}" if entry.get("source") else ""
    error = f", off by {entry['max_abs']:.3g}" if "max_abs" in entry else ""
    note = f"; {entry['note']}" if entry.get("note") else ""
    folder = f"; reproducer: {entry['reproducer']}" if entry.get("reproducer") else ""
    return f"{entry['op']} {entry['node']}{origin}{error}{note}{folder}"


def as_text(entry: Mapping[str, Any]) -> str:
    """The summary, for a terminal or a log."""
    found = list(rows(entry))
    width = max(len(label) for label, _ in found)
    return "\n".join(f"{label:<{width}}  {for_terminal(text)}" for label, text in found)


def as_html(entry: Mapping[str, Any]) -> str:
    """The summary as an HTML table, for a notebook; readable on light and dark pages."""
    colour = {"passed": "#2e7d32", "failed": "#c62828"}.get(entry["parity"]["status"], "#b26a00")
    status = for_html(entry["parity"]["status"])
    head = f'<b>{for_html(entry["artifact"])}</b> <span style="color:{colour}">{status}</span>'
    body = "".join(
        f'<tr><th scope="row" style="text-align:left">{for_html(label)}</th>'
        f'<td style="text-align:left">{for_html(text)}</td></tr>'
        for label, text in rows(entry)
    )
    return f"<table><caption>{head}</caption><tbody>{body}</tbody></table>"

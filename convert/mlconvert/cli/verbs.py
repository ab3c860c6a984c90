"""The verbs that show what is there: inspect, graph, cache."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from mlconvert import api
from mlconvert.cache import Cache
from mlconvert.errors import UsageError
from mlconvert.reports.summary import parity_rows, signature_rows, what
from mlconvert.reports.units import size
from mlconvert.text import for_mermaid, for_terminal

_PATH = click.Path(path_type=Path)


def _rows(pairs: list[tuple[str, str]]) -> None:
    width = max((len(label) for label, _ in pairs), default=0)
    for label, text in pairs:
        click.echo(f"{label:<{width}}  {for_terminal(text)}".rstrip())


@click.command(epilog="\b\nExample:\n  mlconvert inspect model.onnx --json")
@click.argument("artifact", type=_PATH)
@click.option("--trust", is_flag=True, help="Open a file that can execute code when it is opened.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def inspect(artifact: Path, trust: bool, as_json: bool) -> None:
    """Show what an artifact is: format, flavour, signature, size, op counts, manifest."""
    found = api.inspect(artifact, trust=trust)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    _rows(list(_inspected(found)))


def _inspected(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "artifact", f"{found['artifact']}: {what(found['format'], found['flavour'])}, {size(found['bytes'])}"
    if found["executes"]:
        yield "executes", found["executes"]
    if found["signature"] is not None:
        yield from signature_rows(found["signature"])
    for name, value in found["description"].items():
        yield from _described(name, value)
    entry = found["manifest"]
    if entry is None:
        yield "manifest", found["manifest_absent"]
        return
    yield "made by", entry["command"]
    yield "sha256", entry["sha256"]
    yield from parity_rows(entry["parity"])


def _described(name: str, value: Any) -> Iterator[tuple[str, str]]:
    label = name.replace("_", " ")
    if isinstance(value, dict):
        yield label, ", ".join(f"{key} {item}" for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        # Short words share a line, sentences have their own.
        together = all(len(str(item)) < 20 for item in value)
        for item in [", ".join(map(str, value))] if together else value:
            yield label, str(item)
    elif value is not None:
        yield label, str(value)


@click.command(epilog="\b\nExample:\n  mlconvert graph --format mermaid")
@click.option("--format", "form", type=click.Choice(["table", "mermaid", "dot", "json"]), default="table")
@click.option(
    "--forbid-license", multiple=True, metavar="SPDX", help="Leave stages of that licence out; say what is lost."
)
@click.option("--ops", metavar="STAGE", help="Show the operators that a stage takes, as a table or as JSON.")
def graph(form: str, forbid_license: tuple[str, ...], ops: str | None) -> None:
    """Show formats, stages and passes: what is available here, and why not."""
    if ops is not None:
        _operators(ops, form)
        return
    found = api.graph(forbid_license)
    if form == "json":
        click.echo(json.dumps(found, indent=2))
    elif form == "table":
        _table(found)
    else:
        click.echo("\n".join(_mermaid(found) if form == "mermaid" else _dot(found)))


def _operators(stage: str, form: str) -> None:
    if form not in ("table", "json"):
        raise UsageError(f"operators are no graph to draw as {form}", code="bad-format", fix="--format table or json")
    found = api.operators(stage)
    if form == "json":
        click.echo(json.dumps(found, indent=2))
        return
    rows = [("operator", "versions", "missing", "")]
    for one in found:
        versions, missing = (", ".join(map(str, one[key])) for key in ("versions", "missing"))
        rows.append((one["name"], versions, missing, one["note"]))
    _columns(rows)


def _table(found: dict[str, Any]) -> None:
    rows = [("stage", "route", "licence", "here")]
    for stage in found["stages"]:
        here = "yes" if stage["available"] else f"no: {stage['reason']}; {stage['fix']}"
        rows.append((stage["name"], f"{stage['source']} → {stage['target']}", stage["licence"], here))
    rows += [(plugin["name"], "", "", f"broken: {plugin['reason']}") for plugin in found["broken"]]
    _columns(rows)
    for kind, names in found["lost"].items():
        if names:
            click.echo(f"lost {kind}: {for_terminal(', '.join(names))}")


def _columns(rows: Sequence[tuple[str, ...]]) -> None:
    """The last column is as long as it is; those before it are lined up."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        shown = (f"{for_terminal(cell):<{width}}" for cell, width in zip(row, widths, strict=False))
        click.echo("  ".join([*shown, for_terminal(row[-1])]).rstrip())


def _mermaid(found: dict[str, Any]) -> Iterator[str]:
    yield "flowchart LR"
    for stage in found["stages"]:
        arrow = "-->" if stage["available"] else "-.->"
        yield f'    {stage["source"]} {arrow}|"{for_mermaid(stage["name"])}"| {stage["target"]}'


def _dot(found: dict[str, Any]) -> Iterator[str]:
    yield "digraph mlconvert {"
    yield "    rankdir=LR;"
    for stage in found["stages"]:
        style = "solid" if stage["available"] else "dashed"
        yield f'    {stage["source"]} -> {stage["target"]} [label="{stage["name"]}", style={style}];'
    yield "}"


@click.group(no_args_is_help=False, epilog="\b\nExample:\n  mlconvert cache ls")
def cache() -> None:
    """List or clear kept results of hops. MLCONVERT_CACHE_DIR says where, MLCONVERT_CACHE_MAX how much."""


@cache.command("ls")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def cache_ls(as_json: bool) -> None:
    """List what is kept, the most recently used first."""
    entries = Cache().entries()
    if as_json:
        click.echo(json.dumps([vars(kept) for kept in entries], indent=2))
        return
    _rows([(kept.key[:12], f"{size(kept.bytes):>10}  {kept.stage}  {kept.artifact}") for kept in entries])
    click.echo(f"{len(entries)} entries, {size(sum(kept.bytes for kept in entries))} in {Cache().root}", err=True)


@cache.command("clear")
def cache_clear() -> None:
    """Remove everything that is kept."""
    click.echo(f"removed {Cache().clear()} entries", err=True)

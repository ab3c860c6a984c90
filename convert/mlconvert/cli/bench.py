"""The verb `bench`: artifacts timed beside their source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from mlconvert import api
from mlconvert.cli import words
from mlconvert.cli.console import Console
from mlconvert.report import size
from mlconvert.text import for_terminal

_PATH = click.Path(path_type=Path)
_EPILOG = """\b
Examples:
  mlconvert bench model.pt2 model.onnx savedmodel/
  mlconvert bench model.onnx model.rtx.plan --batch 1,8,32 --threads 1,2
  mlconvert bench model.txt model.jar --fail-if 'p99 > 1.05 * base' --fail-if 'memory > 200MiB'

A gate is METRIC > VALUE, also with <, >= and <=. METRIC is p50, p90, p95, p99, mean, throughput, load, memory or size;
VALUE is base, 1.05 * base, or a number with its unit: 3ms, 50/s, 100MiB. It fails where it surely holds, at the
stated confidence."""


@click.command(epilog=_EPILOG)
@click.argument("source", type=_PATH)
@click.argument("artifacts", type=_PATH, nargs=-1, required=True, metavar="ARTIFACT...")
@click.option("--batch", metavar="N,…", help="Batch sizes to sweep; default: the smallest that all take.")
@click.option("--threads", metavar="N,…", default="1", help="Numbers of threads to sweep. [default: 1]")
@click.option("--clients", metavar="N,…", default="1", help="Numbers of clients that ask at once. [default: 1]")
@click.option("--seconds", type=float, default=3.0, metavar="S", help="Measuring of each model in each cell. [3]")
@click.option("--processes", type=int, default=5, metavar="N", help="How often each model is started anew. [5]")
@click.option("--margin", type=float, default=0.02, metavar="X", help="Times so close count as the same. [0.02]")
@click.option("--confidence", type=float, default=0.99, metavar="X", help="How sure intervals are. [0.99]")
@click.option("--fail-if", multiple=True, metavar="GATE", help="Exit 1 where this holds: 'p99 > 1.05 * base'.")
@click.option("--trust", is_flag=True, help="Open files that can execute code when they are opened.")
def bench(source: Path, artifacts: tuple[Path, ...], **values: Any) -> int:
    """Time artifacts beside their source. Exit code 1 when a gate fails, 3 when an artifact fails parity."""
    as_json, verbose, quiet = (values.pop(name) for name in ("as_json", "verbose", "quiet"))
    with Console(verbose=verbose, quiet=quiet or as_json) as console:
        found = api.bench(source, *artifacts, listen=console, **values)
    if as_json:
        click.echo(json.dumps(found, indent=2, allow_nan=False))
    elif not quiet:
        _show(found)
    elif found["reason"]:
        click.echo(for_terminal(found["reason"]))
    return exit_code(found)


bench.params += [*words.signature_flags(), *words.parity_flags(), *words.output_flags()]


def exit_code(found: Mapping[str, Any]) -> int:
    """3 for an artifact that failed parity, 1 for a gate that failed."""
    if any(one["parity"] and one["parity"]["status"] == "failed" for one in found["subjects"]):
        return 3
    return 1 if found["status"] == "failed" else 0


def _show(found: Mapping[str, Any]) -> None:
    for rows in (list(_times(found)), list(_starts(found))):
        _columns(rows)
        click.echo()
    for line in _remarks(found):
        click.echo(for_terminal(line))


def _times(found: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    yield "model", "batch", "threads", "clients", "p50", "p90", "p99", "rows/s", "times the source's", ""
    for cell in found["cells"]:
        ratio = cell["ratio"]
        yield (
            cell["subject"],
            *(str(cell[name]) for name in ("batch", "threads", "clients")),
            *(_seconds(cell[name]) for name in ("p50", "p90", "p99")),
            f"{cell['throughput']:.3g}",
            _ratio(ratio) if ratio else "",
            ratio["verdict"] if ratio else "",
        )


def _starts(found: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    yield "model", "loading", "first, with imports", "memory", "size", "parity", "timed"
    for one in found["subjects"]:
        timed = one["timed"] and one["load_seconds"]
        yield (
            one["label"],
            _seconds(_middle(one["load_seconds"])) if timed else "",
            _seconds(_middle(one["first_load_seconds"])) if timed else "",
            size(round(_middle(one["memory_bytes"]))) if timed else "",
            size(one["bytes"]),
            one["parity"]["status"] if one["parity"] else "",
            one["clock"] if timed else f"no: {one['why_not'] or 'there is nothing to time beside it'}",
        )


def _remarks(found: Mapping[str, Any]) -> Iterator[str]:
    settings = found["settings"]
    for one in found["noise"]:
        yield f"noise: the source against itself is {_ratio(one['ratio'])} at a batch of {one['batch']}"
    pinned = settings["pinned"]
    where = f"pinned to core {', '.join(map(str, pinned))}" if pinned else "pinned to no core"
    yield (
        f"intervals hold at {100 * settings['confidence']:g} %, over {settings['processes']} processes of each model, "
        f"{where}; equivalent is within {100 * settings['margin']:g} %"
    )
    for gate in found["gates"]:
        yield f"{'FAILED' if gate['failed'] else 'passed'}: {gate['subject']}: {gate['expression']}"
    if found["reason"]:
        yield f"{found['status']}: {found['reason']}"


def _ratio(ratio: Mapping[str, Any]) -> str:
    high = "∞" if ratio["high"] is None else f"{ratio['high']:.3f}"
    return f"{ratio['median']:.3f} ({ratio['low']:.3f} to {high})"


def _seconds(value: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1 or unit == "µs":
            break
    return f"{value * factor:.3g} {unit}"


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _columns(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(for_terminal(row[column])) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        shown = (f"{for_terminal(cell):<{width}}" for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(shown).rstrip())

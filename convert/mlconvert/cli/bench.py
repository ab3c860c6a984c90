"""The verb `bench`: artifacts timed beside their source, or a saved result shown again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mlconvert import api, judge
from mlconvert.cli import words
from mlconvert.cli.console import Console
from mlconvert.cli.evidence import show
from mlconvert.evidence import Benchmark
from mlconvert.reports import saving

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
@click.argument("source", type=_PATH, required=False)
@click.argument("artifacts", type=_PATH, nargs=-1, metavar="[ARTIFACT]...")
@click.option("--from", "saved", type=_PATH, metavar="FILE", help="Show a saved result again; nothing is run.")
@click.option("--batch", metavar="N,…", help="Batch sizes to sweep; default: the smallest that all take.")
@click.option("--threads", metavar="N,…", default="1", help="Numbers of threads to sweep. [default: 1]")
@click.option("--clients", metavar="N,…", default="1", help="Numbers of clients that ask at once. [default: 1]")
@click.option("--seconds", type=float, default=3.0, metavar="S", help="Measuring of each model in each cell. [3]")
@click.option("--processes", type=int, default=5, metavar="N", help="How often each model is started anew. [5]")
@click.option("--margin", type=float, default=0.02, metavar="X", help="Times so close count as the same. [0.02]")
@click.option("--confidence", type=float, default=0.99, metavar="X", help="How sure intervals are. [0.99]")
@click.option("--fail-if", multiple=True, metavar="GATE", help="Exit 1 where this holds: 'p99 > 1.05 * base'.")
@click.option("--range", "ranges", multiple=True, metavar="NAME=LOW:HIGH", help="Between which values to draw.")
@click.option("--trust", is_flag=True, help="Open files that can execute code when they are opened.")
def bench(source: Path | None, artifacts: tuple[Path, ...], saved: Path | None, **values: Any) -> int:
    """Time artifacts beside their source. Exit code 1 when a gate fails, 3 when an artifact fails parity."""
    as_json, verbose, quiet, reports = (values.pop(name) for name in ("as_json", "verbose", "quiet", "reports"))
    saving.check_targets(reports, keep=[path for path in (source, *artifacts, saved) if path])
    if (saved is None) == (source is None) or (source is not None and not artifacts):
        raise click.UsageError("name a source and one artifact or more, or a saved result with --from")
    if saved is not None:
        found = Benchmark.load(saved)
    else:
        with Console(verbose=verbose, quiet=quiet or as_json) as console:
            found = api.bench(source, *artifacts, listen=console, **values)
    show(found, reports, as_json=as_json, quiet=quiet)
    return exit_code(found)


def exit_code(found: Benchmark) -> int:
    """3 for an artifact that failed parity, 1 for a gate that failed."""
    if any(one["parity"] and one["parity"]["status"] == judge.FAILED for one in found.document["subjects"]):
        return 3
    return 1 if found.status == judge.FAILED else 0


bench.params += [*words.signature_flags(), *words.parity_flags(), *words.report_flags(), *words.output_flags()]

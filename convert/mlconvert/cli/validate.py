"""The verb `validate`: artifacts held against their source, or a saved result judged again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mlconvert import api, judge, rejudging
from mlconvert.cli import words
from mlconvert.cli.console import Console
from mlconvert.cli.evidence import show
from mlconvert.errors import UsageError
from mlconvert.evidence import Validation
from mlconvert.reports import saving

_PATH = click.Path(path_type=Path)
_EPILOG = """\b
Examples:
  mlconvert validate model.onnx model.rtx.plan
  mlconvert validate model.pt2 model.onnx savedmodel/ --range 'x=0:1' --report parity.html
  mlconvert validate model.txt model.jar --data test.csv --labels column:churned
  mlconvert validate model.onnx model --report parity.json
  mlconvert validate --from parity.json --atol 1e-3 --report junit.xml"""


@click.command(epilog=_EPILOG)
@click.argument("source", type=_PATH, required=False)
@click.argument("artifacts", type=_PATH, nargs=-1, metavar="[ARTIFACT]...")
@click.option("--from", "saved", type=_PATH, metavar="FILE", help="Judge a saved result again; nothing is run.")
@click.option("--labels", metavar="LABELS", help="What the rows of --data are, for accuracy: a file, or column:NAME.")
@click.option("--range", "ranges", multiple=True, metavar="NAME=LOW:HIGH", help="Between which values to draw.")
@click.option("--reproducer", type=_PATH, metavar="FOLDER", help="Write the smallest part that fails, with its inputs.")
@click.option("--require-proof", is_flag=True, help="Exit 3 also when parity is unproven.")
@click.option("--trust", is_flag=True, help="Open files that can execute code when they are opened.")
def validate(source: Path | None, artifacts: tuple[Path, ...], saved: Path | None, **values: Any) -> int:
    """Hold artifacts against their source. Exit code 3 when one differs."""
    as_json, verbose, quiet = (values.pop(name) for name in ("as_json", "verbose", "quiet"))
    require_proof, reports = values.pop("require_proof"), values.pop("reports")
    saving.check_targets(reports, keep=[path for path in (source, *artifacts, saved) if path])
    with Console(verbose=verbose, quiet=quiet or as_json) as console:
        if saved is not None:
            _refuse_both(source, values)
            loaded = Validation.load(saved).document
            found = Validation(rejudging.rejudged(loaded, atol=values["atol"], rtol=values["rtol"]))
        else:
            if source is None or not artifacts:
                raise click.UsageError("name a source and one artifact or more, or a saved result with --from")
            found = api.validate(source, *artifacts, listen=console, **values)
    show(found, reports, as_json=as_json, quiet=quiet)
    failed = found.status == judge.FAILED or (require_proof and found.status != judge.PASSED)
    return 3 if failed else 0


validate.params += [
    *words.signature_flags(),
    *words.parity_flags(),
    *words.report_flags(),
    *words.output_flags(),
]

# What says how to run models, where --from runs none.
_OF_A_RUN = ("inputs", "dims", "model", "data", "labels", "ranges", "reproducer")


def _refuse_both(source: Path | None, values: dict[str, Any]) -> None:
    given = [name for name in _OF_A_RUN if values[name]]
    if source is not None or given:
        what = str(source) if source is not None else f"--{given[0].removesuffix('s')}"
        raise UsageError(
            f"--from runs nothing, so {what} has no place beside it",
            code="bad-option",
            where="--from",
            fix="give --atol or --rtol, or leave --from out",
        )

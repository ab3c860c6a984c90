"""The contract of a stage, as checks."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from mlconvert import manifest, options, sources
from mlconvert.artifact import Artifact
from mlconvert.host import Host
from mlconvert.requirements import unavailable
from mlconvert.stage import Delivery, Outcome, Stage
from mlconvert.testing.common import (
    SECONDS,
    ask,
    check_light,
    check_requirements,
    expect,
    expect_json,
    no_defect,
)
from mlconvert.worker import Worker

_EDGE = re.compile(r"(?P<source>[a-z]+)2(?P<target>[a-z]+)(\.(?P<provider>[a-z0-9_]+))?")


def check_stage(
    stage: Stage, artifact: Artifact, folder: Path, options: Any = None, *, deterministic: bool = True
) -> Artifact:
    """Hold a stage or pass against its contract by converting an artifact twice in an empty folder; what it made.

    Names, licence, requirements and Options are as they have to be; importing the module is light; the hooks run in a
    worker, and their answers cross to this process; the source, the current folder and the process's state stay as they
    are, and nothing is written but beside `out`; the artifact is the same twice (unless `deterministic` is false, for a
    builder that times its kernels), has the flavour that was announced and the signature that was returned.

    Flavour, side files and signature of `artifact` are read from the file where they are not given.
    """
    _check_stage_words(stage)
    chosen = stage.Options() if options is None else options
    _check_options(stage, chosen)
    check_light(type(stage))
    host = Host.here()
    refusals = list(unavailable(stage, chosen, host))
    expect(not refusals, f"{stage.name} cannot be tested here: {'; '.join(refusal.message for refusal in refusals)}")
    expect_json(dict(stage.wants(chosen)), "wants answers values by option name")
    delivery = stage.delivers(chosen, host)
    expect(isinstance(delivery, Delivery), f"delivers answers a Delivery, not {delivery!r}")
    with Worker(seconds=SECONDS) as worker:
        source = _completed(artifact, worker)
        made, outcome = _converted(worker, stage, source, chosen, folder / "first")
        with _unchanged(worker, source, folder / "second"):
            again, second = _converted(worker, stage, source, chosen, folder / "second")
        _check_made(stage, made, outcome, delivery, worker)
    if deterministic:
        same = manifest.digest(made.path, made.side_files) == manifest.digest(again.path, again.side_files)
        expect(same, "the same source and options have to make the same bytes; two runs differ")
        expect(
            outcome == second, f"the same source and options have to have the same outcome: {outcome}, then {second}"
        )
    return made


def _check_stage_words(stage: Stage) -> None:
    match = _EDGE.fullmatch(stage.name)
    if match is None:
        raise AssertionError(f"a stage's name is written a2b, or a2b.provider, not {stage.name!r}")
    ends = (match["source"], match["target"])
    expect(ends == (stage.source, stage.target), f"{stage.name} goes from {stage.source} to {stage.target}")
    expect(stage.source != stage.target or match["provider"], "a pass is written a2a.name")
    expect(stage.licence, "licence is the SPDX identifier of the strictest thing that the stage runs")
    expect(stage.cost > 0, "cost is above 0")
    check_requirements(stage.requirements)
    try:
        SpecifierSet(stage.python)
    except InvalidSpecifier as error:
        raise AssertionError(f"python is a version specifier such as >=3.11: {error}") from error


def _check_options(stage: Stage, chosen: Any) -> None:
    kind = stage.Options
    frozen = dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    expect(frozen, f"{kind.__name__} has to be a frozen dataclass")
    expect(isinstance(chosen, kind), f"the options given are no {kind.__name__}")
    for option in options.fields_of(kind):
        told = f"{kind.__name__}.{option.name} is written Annotated[type, Help('…')] = default"
        expect(option.help.text, told)
        readable = option.help.parse is not None or option.kind in (bool, int, float, str, Path)
        expect(readable, f"{told}; {option.kind.__name__} needs a Help(parse=…) that reads it from text")
    expect_json(options.as_json(chosen), "options stand in the manifest")
    rebuilt = options.build(kind, options.values_of(chosen), stage.name)
    expect(rebuilt == chosen, f"options are rebuilt from their values in the worker, and differ there: {rebuilt}")


def _completed(artifact: Artifact, worker: Worker) -> Artifact:
    """The artifact with what its file says, where the test has not said it."""
    fmt = sources.load_format(artifact.format)
    flavour = artifact.flavour or fmt.sniff(artifact.path) or None
    beside = artifact.side_files or ask(worker, fmt, "side_files", path=artifact.path)
    known = dataclasses.replace(artifact, flavour=flavour, side_files=beside)
    if artifact.signature.inputs:
        return known
    return dataclasses.replace(known, signature=ask(worker, fmt, "signature", artifact=known, trust=True))


def _converted(worker: Worker, stage: Stage, source: Artifact, chosen: Any, place: Path) -> tuple[Artifact, Outcome]:
    """What the hooks make of the source, called in the frame's order."""
    fmt = sources.load_format(stage.target)
    place.mkdir()
    out = place / f"model{fmt.suffixes.get(stage.delivers(chosen, Host.here()).flavour or '', fmt.suffix)}"

    def call(hook: str, **arguments: Any) -> Any:
        with no_defect(f"{stage.name}'s {hook}"), tempfile.TemporaryDirectory() as folder:
            context = {"scratch": Path(folder), "cache": cache, "seed": 0, "trust": True}
            return worker.call(
                "mlconvert.hooks:stage",
                reference=f"{type(stage).__module__}:{type(stage).__qualname__}",
                hook=hook,
                options=options.values_of(chosen),
                context=context,
                **arguments,
            )

    with tempfile.TemporaryDirectory() as kept:
        cache = Path(kept)
        _expect_none(f"{stage.name} refuses the artifact", call("requires", artifact=source))
        outcome = call("convert", artifact=source, out=out)
        expect(isinstance(outcome, Outcome), f"convert answers an Outcome, not {outcome!r}")
        expect(out.exists(), "convert has to write the artifact to `out`")
        expect(
            out.is_dir() == fmt.is_directory, f"a {fmt.name} artifact is a {'folder' if fmt.is_directory else 'file'}"
        )
        beside = () if out.is_dir() else tuple(sorted(path for path in place.iterdir() if path != out))
        made = Artifact(out, stage.target, outcome.flavour, outcome.signature, beside)
        _expect_none("ensures finds fault with what convert has made", call("ensures", artifact=made))
    return made, outcome


def _expect_none(what: str, refusals: tuple[Any, ...]) -> None:
    expect(not refusals, f"{what}: {'; '.join(refusal.message for refusal in refusals)}")


def state() -> dict[str, Any]:
    """What a stage must leave as it is in its process; called in the worker."""
    found = {"current folder": str(Path.cwd()), "environment": dict(os.environ), "random": hash(random.getstate())}
    if "numpy" in sys.modules:
        import numpy as np

        found["numpy.random"] = hash(np.random.get_state(legacy=False)["state"]["key"].tobytes())
    return found


@contextlib.contextmanager
def _unchanged(worker: Worker, source: Artifact, place: Path) -> Iterator[None]:
    """Nothing but `place` is written to; the process in which the hooks run is as it was."""

    def seen() -> dict[str, Any]:
        folders = {source.path.parent, place.parent, Path.cwd()}
        names = {
            str(path): path.lstat().st_mtime_ns for folder in folders for path in folder.iterdir() if path != place
        }
        return {"the source": manifest.digest(source.path, source.side_files), "the files beside it": names}

    before, held = seen(), worker.call("mlconvert.testing.stages:state")
    yield
    for what, value in seen().items():
        expect(value == before[what], f"convert has changed {what}; it writes to `out` and its context's folders alone")
    for what, value in worker.call("mlconvert.testing.stages:state").items():
        expect(
            value == held.get(what, value), f"a hook has changed the process's {what}: put it back, or leave it alone"
        )


def _check_made(stage: Stage, made: Artifact, outcome: Outcome, delivery: Delivery, worker: Worker) -> None:
    fmt = sources.load_format(stage.target)
    found = fmt.sniff(made.path)
    expect(found is not None, f"{stage.target} does not know what {stage.name} has written")
    expect((found or None) == (outcome.flavour or None), f"the flavour is {found!r}; convert says {outcome.flavour!r}")
    announced = delivery.flavour
    expect(announced in (None, outcome.flavour), f"delivers has announced {announced!r}, and it is {outcome.flavour!r}")
    expect_json(dict(outcome.facts), "facts stand in the manifest")
    told = json.dumps([outcome.signature.as_json(), dict(outcome.facts)])
    expect(str(made.path.parent) not in told, "a manifest holds no absolute path; the outcome does")
    written = ask(worker, fmt, "signature", artifact=made, trust=True)
    for kind in ("inputs", "outputs"):
        own, said = ([tensor.name for tensor in getattr(one, kind)] for one in (written, outcome.signature))
        expect(not own or own == said, f"the artifact's {kind} are {own}; convert says {said}")

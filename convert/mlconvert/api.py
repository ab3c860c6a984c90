"""The Python API: what a notebook or a build script imports.

The same words as on the command line, the same behaviour: one call, one artifact, one page of evidence.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from mlconvert import edges, frame, judge, licences, manifest, registry, requirements, sources, subjects, validation
from mlconvert.benchmark import gates
from mlconvert.benchmark.running import Order
from mlconvert.benchmark.running import run as run_benchmark
from mlconvert.benchmark.settings import Settings, read_counts
from mlconvert.errors import ConversionError, ParityError, UsageError, refuse
from mlconvert.evidence import Benchmark, Validation
from mlconvert.frame import Listener, Result, memory_limit, unheard
from mlconvert.host import Host
from mlconvert.options import parse_pass
from mlconvert.request import Request
from mlconvert.runner import Runner
from mlconvert.signature import DimRange, Signature, Tensor, parse_dim_range, parse_tensor
from mlconvert.text import for_terminal, suggestion
from mlconvert.worker import Worker

__all__ = ["Result", "bench", "convert", "inspect", "open", "validate"]

# No honest file takes a parser this many seconds.
_PATIENCE = 600

Counts = str | int | Sequence[int] | None
Words = str | Sequence[str | Tensor] | None
Dims = Mapping[str, DimRange | Sequence[int | None] | int] | Sequence[str] | None


def convert(
    source: Any,
    to: str,
    out: str | os.PathLike[str] | None = None,
    *,
    inputs: Words = None,
    dims: Dims = None,
    via: str | Sequence[str] = (),
    passes: str | Sequence[str] = (),
    data: str | os.PathLike[str] | None = None,
    model: str | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    validate: bool = True,
    atol: float | None = None,
    rtol: float | None = None,
    seed: int = 0,
    require_proof: bool = False,
    trust: bool = False,
    isolate: bool = False,
    forbid_license: Sequence[str] = (),
    force: bool = False,
    keep: bool = False,
    cache: bool = True,
    listen: Listener = unheard,
) -> Result:
    """Convert a model file or a live model to another format, and prove that it is the same model.

    `source` is a path, an nn.Module, an ExportedProgram or whatever a format adopts; it is never changed. `inputs`
    are the command line's words (`"x:float32[batch,3,224,224]"`) or Tensors; `dims` gives named dims their
    (min, opt, max). `out` defaults to the source's name with the format's suffix. `options` holds values by stage and
    field: `{"onnx2trt": {"workspace": "4GiB"}}`. With `isolate` a stage whose packages are not the ones installed here
    runs in an environment of its own, which is made when it is first needed, and kept.

    Raises ConversionError when something stands in the way, and ParityError, which carries the result, when the
    artifact does not compute what its source computes; it then stands at `<name>.rejected`.
    """
    request = Request(
        source=source if not isinstance(source, (str, os.PathLike)) else Path(source),
        target=to,
        out=None if out is None else Path(out),
        inputs=read_inputs(inputs),
        dims=read_dims(dims),
        via=_listed(via),
        passes=tuple(parse_pass(text) for text in _listed(passes)),
        data=None if data is None else Path(data),
        model=model,
        options=options or {},
        validate=validate,
        atol=atol,
        rtol=rtol,
        seed=seed,
        require_proof=require_proof,
        trust=trust,
        isolate=isolate,
        forbid_license=tuple(forbid_license),
        force=force,
        keep=keep,
        cache=cache,
    )
    return proven(frame.run(request, listen), require_proof)


def proven(result: Result, require_proof: bool = False) -> Result:
    """The result, unless its parity failed (or is missing where proof is required): then ParityError."""
    found = result.parity
    if found["status"] == judge.FAILED or (require_proof and found["status"] != judge.PASSED):
        first_bad = next((c["first_bad"]["node"] for c in found["checks"] if c.get("first_bad")), "")
        raise ParityError(
            f"parity {found['status']}: {found['reason']}",
            result=result,
            code="parity-failed" if found["status"] == judge.FAILED else "parity-unproven",
            where=first_bad,
            fix=f"the artifact was kept aside as {result.artifact.path.name}",
        )
    return result


def open(  # mlconvert.open reads like the built-in on purpose
    path: str | os.PathLike[str], *, format: str | None = None, trust: bool = False, model: str | None = None
) -> Runner:
    """A runner for an artifact: `with mlconvert.open("model.onnx") as runner: y = runner.run({"x": x})`.

    Raises ConversionError for a file that is broken, or that can execute code and was not trusted.
    """
    artifact = subjects.admitted(Path(path), format, model, trust=trust)
    entry = manifest.read(artifact.path)
    if entry is not None:
        artifact = replace(artifact, signature=Signature.from_json(entry["signature"]))
    else:
        artifact = replace(artifact, signature=sources.load_format(artifact.format).signature(artifact, trust=trust))
    if artifact.format not in registry.names(registry.RUNNERS):
        raise ConversionError(f"there is no runner for {artifact.format}", code="no-runner")
    runner: Runner = registry.load(registry.RUNNERS, artifact.format)(artifact, trust=trust)
    return runner


def inspect(path: str | os.PathLike[str], *, model: str | None = None, trust: bool = False) -> dict[str, Any]:
    """What an artifact is: format, flavour, size, signature, what its format describes, and its manifest.

    Nothing in the file is executed, unless `trust` allows what its signature needs.
    """
    artifact = sources.open_path(Path(path), None, model)
    fmt = sources.load_format(artifact.format)
    refuse(requirements.missing(fmt.name, fmt.requirements))
    entry = manifest.read(artifact.path)
    runs_code = fmt.executes(artifact.path, artifact.flavour)
    with Worker(memory=memory_limit(), seconds=_PATIENCE) as worker:

        def ask(hook: str, **arguments: Any) -> Any:
            reference = registry.reference(registry.FORMATS, fmt.name)
            return worker.call("mlconvert.hooks:format", reference=reference, hook=hook, **arguments)

        signature = entry["signature"] if entry else None
        if signature is None and (runs_code is None or trust):
            signature = ask("signature", artifact=artifact, trust=trust).as_json()
        size = manifest.digest(artifact.path, ask("side_files", path=artifact.path))["bytes"]
        description = ask("describe", path=artifact.path)
    return {
        "artifact": artifact.path.name,
        "format": artifact.format,
        "flavour": artifact.flavour,
        "bytes": size,
        "executes": runs_code,
        "signature": signature,
        "description": description,
        "manifest": entry,
        "manifest_absent": None if entry else _why_absent(artifact.path),
    }


def _why_absent(path: Path) -> str:
    if manifest.glance(path) is not None:
        return "the manifest beside it is of other bytes"
    return "there is no manifest beside it"


def validate(
    source: Any,
    *artifacts: str | os.PathLike[str],
    inputs: Words = None,
    dims: Dims = None,
    ranges: str | Sequence[str] = (),
    data: str | os.PathLike[str] | None = None,
    labels: str | os.PathLike[str] | None = None,
    model: str | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    seed: int = 0,
    trust: bool = False,
    reproducer: str | os.PathLike[str] | None = None,
    listen: Listener = unheard,
) -> Validation:
    """Hold artifacts against their source, a path or a live model: the verdict on each, and its evidence.

    `data` is a file (.npz, .csv, .parquet), a folder of .npy files or the user's code (`pkg.mod:function`, which needs
    `trust`); without it inputs are drawn, within `ranges` (`"x=0:255"`) where they are given. `labels` is a file, or
    `column:NAME` of the data. The smallest part that fails is written to the folder `reproducer`.

    Raises ConversionError for files that cannot be opened or whose signatures do not fit together.
    """
    given: dict[str, Any] = {"model": model, "atol": atol, "rtol": rtol, "seed": seed, "trust": trust}
    given["labels"] = None if labels is None else os.fspath(labels)
    given["reproducer"] = None if reproducer is None else Path(reproducer)
    question = _question(source, artifacts, inputs, dims, ranges, data, **given)
    return Validation(validation.run(question, listen))


def bench(
    source: Any,
    *artifacts: str | os.PathLike[str],
    batch: Counts = None,
    threads: Counts = 1,
    clients: Counts = 1,
    seconds: float = 3.0,
    processes: int = 5,
    margin: float = 0.02,
    confidence: float = 0.99,
    fail_if: str | Sequence[str] = (),
    inputs: Words = None,
    dims: Dims = None,
    ranges: str | Sequence[str] = (),
    data: str | os.PathLike[str] | None = None,
    model: str | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    seed: int = 0,
    trust: bool = False,
    listen: Listener = unheard,
) -> Benchmark:
    """Time artifacts beside their source, a path or a live model. The evidence shows itself in a notebook.

    An artifact that fails parity is not timed. `batch`, `threads` and `clients` are numbers or the command line's words
    (`"1,8,32"`), all swept with all; without `batch` it is the smallest that every model takes. `seconds` are those of
    measuring one model in one cell, spread over `processes` in which it is started anew. Ratios hold at `confidence`,
    and count as equivalent within `margin`. `fail_if` are conditions such as `"p99 > 1.05 * base"`: the status is
    `failed` where one of them surely holds. The other arguments are those of `validate`.

    Raises ConversionError for files that cannot be opened and for a batch that a model does not take, UsageError for
    words that are none.
    """
    given: dict[str, Any] = {"model": model, "atol": atol, "rtol": rtol, "seed": seed, "trust": trust}
    question = _question(source, artifacts, inputs, dims, ranges, data, **given)
    settings = Settings(
        batch=read_counts("batch", batch),
        threads=read_counts("threads", threads),
        clients=read_counts("clients", clients),
        seconds=seconds,
        processes=processes,
        margin=margin,
        confidence=confidence,
        seed=seed,
    )
    return Benchmark(run_benchmark(Order(question, settings, tuple(map(gates.read, _listed(fail_if)))), listen))


def _question(
    source: Any,
    artifacts: Sequence[str | os.PathLike[str]],
    inputs: Words,
    dims: Dims,
    ranges: str | Sequence[str],
    data: str | os.PathLike[str] | None,
    **given: Any,
) -> validation.Question:
    """What is asked of a source and its artifacts; `given` are fields that need no reading."""
    return validation.Question(
        source=source if not isinstance(source, (str, os.PathLike)) else Path(source),
        artifacts=tuple(map(Path, artifacts)),
        inputs=read_inputs(inputs),
        dims=read_dims(dims),
        ranges=_listed(ranges),
        data=None if data is None else os.fspath(data),
        **given,
    )


def read_inputs(words: Words) -> tuple[Tensor, ...]:
    """Inputs from the command line's words or Tensors. Raises UsageError."""
    listed = (words,) if isinstance(words, str) else (words or ())
    try:
        return tuple(word if isinstance(word, Tensor) else parse_tensor(word) for word in listed)
    except ValueError as error:
        raise UsageError(str(error), code="bad-input", fix="write it like 'x:float32[batch,3,224,224]'") from None


def read_dims(dims: Dims) -> dict[str, DimRange]:
    """Ranges of named dims from a mapping or from the command line's words. Raises UsageError."""
    try:
        if isinstance(dims, Mapping):
            return {name: _dim_range(sizes) for name, sizes in dims.items()}
        return dict(parse_dim_range(word) for word in ([dims] if isinstance(dims, str) else dims or ()))
    except (TypeError, ValueError) as error:
        raise UsageError(str(error), code="bad-dim", fix="write it like 'batch=1:8:32'") from None


def _dim_range(sizes: DimRange | Sequence[int | None] | int) -> DimRange:
    if isinstance(sizes, DimRange):
        return sizes
    if isinstance(sizes, int):
        return DimRange(sizes, sizes, sizes)
    low, opt, high = sizes
    if low is None or opt is None:
        raise ValueError("a dim needs a min and an opt; only max may be open")
    return DimRange(low, opt, high)


def _listed(words: str | Sequence[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def operators(stage: str) -> list[dict[str, Any]]:
    """What a stage takes of the operators of its source format: `name`, `versions`, `missing`, `note`.

    Raises UsageError for a stage that is unknown or does not go by operators, ConversionError where it cannot run.
    """
    groups = {name: group for group in (registry.STAGES, registry.PASSES) for name in registry.names(group)}
    if stage not in groups:
        message = f"there is no stage {for_terminal(stage)!r}" + suggestion(stage, groups)
        raise UsageError(message, code="unknown-stage", fix="`mlconvert graph` lists the stages")
    plugin = registry.load(groups[stage], stage)
    refuse(requirements.unavailable(plugin, plugin.Options(), Host.here()))
    found = [asdict(operator) for operator in plugin.operators()]
    if not found:
        message = f"{stage} does not go by operators"
        raise UsageError(message, code="no-operators", fix="docs/support.md says which stages do")
    return found


def graph(forbid_license: Sequence[str] = ()) -> dict[str, Any]:
    """The graph of formats with all that was found, for pictures and tables.

    Stages of the licences forbidden (SPDX) stand under `lost`, with the words that no route answers without them.
    """
    from mlconvert.requirements import unavailable

    host, identifiers = Host.here(), licences.forbidden(forbid_license)
    lost = []
    formats, broken = registry.all_of(registry.FORMATS)
    broken += registry.all_of(registry.RUNNERS)[1]
    entries = []
    for group in (registry.STAGES, registry.PASSES):
        plugins, unloadable = registry.all_of(group)
        broken += unloadable
        for plugin in plugins:
            if licences.carries(plugin.licence, identifiers):
                lost.append(plugin.name)
                continue
            refusals = list(unavailable(plugin, plugin.Options(), host))
            entries.append(
                {
                    "name": plugin.name,
                    "source": plugin.source,
                    "target": plugin.target,
                    "licence": plugin.licence,
                    "requirements": list(plugin.requirements),
                    "available": not refusals,
                    "reason": "; ".join(refusal.message for refusal in refusals),
                    "fix": "; ".join(dict.fromkeys(refusal.fix for refusal in refusals if refusal.fix)),
                }
            )
    return {
        "formats": [
            {"name": f.name, "suffix": f.suffix, "runner": f.name in registry.names(registry.RUNNERS)} for f in formats
        ],
        "stages": entries,
        "broken": [vars(plugin) for plugin in broken],
        "words": sorted(edges.words(lost)),
        "lost": {"stages": lost, "words": sorted(edges.words().keys() - edges.words(lost).keys())},
    }

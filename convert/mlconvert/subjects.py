"""What a user hands over to be opened, validated or timed: a model's file or a live model, and artifacts made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlconvert import edges, manifest, registry, requirements, routes, sources
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, refuse
from mlconvert.signature import DimRange, Signature, Tensor
from mlconvert.text import for_terminal
from mlconvert.worker import Worker


def admitted(path: Path, format: str | None = None, model: str | None = None, *, trust: bool) -> Artifact:
    """The file as an artifact, once nothing speaks against opening it here. Raises ConversionError."""
    artifact = sources.open_path(path, format, model)
    refuse(requirements.missing(artifact.format, sources.load_format(artifact.format).requirements))
    sources.admit(artifact, trust)
    return artifact


def taken(source: Any, folder: Path, model: str | None = None, *, trust: bool) -> Artifact:
    """A path as `admitted` takes it, or a live model, which is written into `folder` and needs no trust."""
    if isinstance(source, (str, Path)):
        return admitted(Path(source), None, model, trust=trust)
    return sources.adopt(source, folder)


def between(source: Artifact, target: Artifact) -> tuple[edges.Edge, ...]:
    """The route that would have made one of the other; nothing where there is none, or more than one.

    A manifest says which stage an artifact comes from, where several lead to its format.
    """
    entry = manifest.read(target.path)
    made = (
        [step["stage"] for step in entry["route"] if step["stage"] in registry.names(registry.STAGES)] if entry else []
    )
    try:
        return routes.find(source.format, target.format, via=made[-1:])
    except ConversionError:
        return ()


def with_signature(
    worker: Worker,
    artifact: Artifact,
    *,
    trust: bool,
    inputs: Iterable[Tensor] = (),
    dims: Mapping[str, DimRange],
    source: Signature | None = None,
) -> Artifact:
    """The artifact with what its manifest says of it, or else what its file says, and the user's words worked in.

    What neither says of the ranges of dims and values is taken from its source's signature. Raises ConversionError for
    words that do not fit.
    """
    own = own_signature(worker, artifact, trust=trust)
    if source is not None:
        own = _bounded(own, source)
    try:
        return replace(artifact, signature=own.merged(inputs, dims))
    except ValueError as error:
        raise ConversionError(str(error), code="bad-input", where=artifact.path.name) from None


def _bounded(own: Signature, source: Signature) -> Signature:
    ranges = {tensor.name: tensor.range for tensor in source.inputs}
    known = {name: source.dims[name] for name in own.names() if name in source.dims}
    return replace(
        own,
        inputs=tuple(replace(tensor, range=tensor.range or ranges.get(tensor.name)) for tensor in own.inputs),
        dims={**known, **own.dims},
    )


def own_signature(worker: Worker, artifact: Artifact, *, trust: bool) -> Signature:
    """What its manifest says of its inputs and outputs, or else what its file says; nothing where neither does."""
    entry = manifest.read(artifact.path)
    if entry is not None:
        return Signature.from_json(entry["signature"])
    reference = registry.reference(registry.FORMATS, artifact.format)
    found: Signature = worker.call(
        "mlconvert.hooks:format", reference=reference, hook="signature", artifact=artifact, trust=trust
    )
    return found


def check_fit(own: Signature, source: Artifact, artifact: Artifact) -> None:
    """Refuse to compare two that do not take the same inputs. `own` is the source's signature, where it has one."""
    theirs = {tensor.name: tensor for tensor in artifact.signature.inputs}
    ours = {tensor.name: tensor for tensor in own.inputs}
    if not ours or not theirs:
        return
    odd = [str(tensor) for name, tensor in ours.items() if not _fits(tensor, theirs.get(name))]
    odd += [str(tensor) for name, tensor in theirs.items() if name not in ours]
    if odd:
        raise ConversionError(
            f"{for_terminal(source.path.name)} takes {_listed(own)}, "
            f"and {for_terminal(artifact.path.name)} takes {_listed(artifact.signature)}",
            code="signature-mismatch",
            where=odd[0],
            fix="compare models with the same inputs: `mlconvert inspect` shows them",
        )


def _listed(signature: Signature) -> str:
    return for_terminal(", ".join(map(str, signature.inputs)), 300)


def _fits(one: Tensor, other: Tensor | None) -> bool:
    if other is None or one.dtype != other.dtype or len(one.shape) != len(other.shape):
        return False
    fixed = zip(one.shape, other.shape, strict=True)
    return all(a == b for a, b in fixed if isinstance(a, int) and isinstance(b, int))


def check_manifest(artifact: Artifact) -> None:
    """Refuse an artifact beside which stands a manifest of other bytes: one of the two is not what it says."""
    if manifest.glance(artifact.path) is not None and manifest.read(artifact.path) is None:
        name = for_terminal(artifact.path.name)
        raise ConversionError(
            f"{name} is not the file that {name}{manifest.SUFFIX} was written for: its sha256 differs",
            code="manifest-mismatch",
            where=artifact.path.name,
            fix="convert it again, or remove the manifest if the file is the right one",
        )


def labels(artifacts: Sequence[Artifact]) -> list[str]:
    """What to call each in a report: its file's name; where that says too little, its folder or a number with it."""
    names = [artifact.path.name for artifact in artifacts]
    if len(set(names)) < len(names):
        names = [f"{artifact.path.absolute().parent.name}/{artifact.path.name}" for artifact in artifacts]
    return [name if name not in names[:place] else f"{name} ({place})" for place, name in enumerate(names)]


def described(worker: Worker, artifact: Artifact) -> dict[str, Any]:
    """`file`, `format`, `flavour`, `bytes` and `sha256`, for a document."""
    reference = registry.reference(registry.FORMATS, artifact.format)
    beside = worker.call("mlconvert.hooks:format", reference=reference, hook="side_files", path=artifact.path)
    found = manifest.digest(artifact.path, beside)
    return {
        "file": artifact.path.name,
        "format": artifact.format,
        "flavour": artifact.flavour,
        "bytes": found["bytes"],
        "sha256": found["sha256"],
    }


def requirements_of(formats: Iterable[str]) -> list[str]:
    """The packages that open these formats, as pip requirements."""
    return sorted({word for name in formats for word in sources.load_format(name).requirements})

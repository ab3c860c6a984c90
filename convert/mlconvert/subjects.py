"""What a user hands over to be opened, validated or timed: a model's file or a live model, and artifacts made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlconvert import edges, manifest, registry, requirements, routes, sources
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, refuse
from mlconvert.signature import DimRange, Signature, Tensor
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


def between(source: str, target: str) -> tuple[edges.Edge, ...]:
    """The route that would have made one of the other; nothing where there is none, or more than one."""
    try:
        return routes.find(source, target)
    except ConversionError:
        return ()


def with_signature(
    worker: Worker, artifact: Artifact, *, trust: bool, inputs: Iterable[Tensor] = (), dims: Mapping[str, DimRange]
) -> Artifact:
    """The artifact with what its manifest says of it, or else what its file says, and the user's words worked in.

    Raises ConversionError for words that do not fit.
    """
    entry = manifest.read(artifact.path)
    if entry is not None:
        own = Signature.from_json(entry["signature"])
    else:
        reference = registry.reference(registry.FORMATS, artifact.format)
        own = worker.call(
            "mlconvert.hooks:format", reference=reference, hook="signature", artifact=artifact, trust=trust
        )
    try:
        return replace(artifact, signature=own.merged(inputs, dims))
    except ValueError as error:
        raise ConversionError(str(error), code="bad-input", where=artifact.path.name) from None

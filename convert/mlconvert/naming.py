"""Names of what a route writes: the source's own stem with the suffix of the format and flavour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlconvert.artifact import Artifact
from mlconvert.request import Request
from mlconvert.routes import Hop
from mlconvert.sources import load_format


def target_of(request: Request, source: Artifact, route: Sequence[Hop], flavour: str | None) -> Path:
    """Where the artifact goes: `-o`, or beside the source under its own name with the format's suffix."""
    name = file_name(source, route, flavour)
    if request.out is None:
        return (Path.cwd() if request.live else source.path.absolute().parent) / name
    out = Path(request.out).absolute()
    fmt = load_format(route[-1].edge.target)
    return out / name if out.is_dir() and not fmt.is_directory else out


def file_name(source: Artifact, route: Sequence[Hop], flavour: str | None) -> str:
    """The base name of what these hops make; a route that stays in its format adds the names of its passes."""
    stem = source.path.name.removesuffix(source.path.suffix) or "model"
    fmt = load_format(route[-1].edge.target)
    suffix = fmt.suffixes.get(flavour or "", fmt.suffix)
    if fmt.name == source.format:
        suffix = "".join(f".{hop.edge.provider}" for hop in route) + suffix
    return stem + suffix

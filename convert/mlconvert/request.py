"""What a user asks for, from the command line or from Python, and the command line that says it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlconvert.options import without_folders
from mlconvert.routes import Hop
from mlconvert.signature import DimRange, Tensor


@dataclass(frozen=True)
class Request:
    """What a user asks for. `source` is a path or a live object; `origin` and `target` are format names.

    An `origin` of None is detected. `options` holds values by stage name and field; `passes` pairs a pass with its.
    """

    source: Any
    target: str
    origin: str | None = None
    out: Path | None = None
    inputs: tuple[Tensor, ...] = ()
    dims: Mapping[str, DimRange] = field(default_factory=dict)
    via: tuple[str, ...] = ()
    passes: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    data: Path | None = None
    model: str | None = None
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    validate: bool = True
    atol: float | None = None
    rtol: float | None = None
    seed: int = 0
    require_proof: bool = False
    trust: bool = False
    isolate: bool = False
    forbid_license: tuple[str, ...] = ()
    force: bool = False
    keep: bool = False
    cache: bool = True

    @property
    def live(self) -> bool:
        """Whether the source is an object and not a file."""
        return not isinstance(self.source, (str, Path))


def command_of(request: Request, origin: Mapping[str, Any], route: Sequence[Hop]) -> str:
    """The command line that asks for the same, with base names, quoted for a shell."""
    kinds = {word: hop.edge.plugin.Options for hop in route for word in (hop.edge.name, hop.edge.provider)}
    words = ["mlconvert", f"{origin['format']}2{request.target}", origin["file"] or "model"]
    words += ["-o", request.out.name] if request.out else []
    for tensor in request.inputs:
        words += ["--input", str(tensor)]
    for name, sizes in request.dims.items():
        words += ["--dim", f"{name}={sizes}"]
    words += ["--model", _base_name(request.model)] if request.model else []
    words += ["--data", request.data.name] if request.data else []
    for via in request.via:
        words += ["--via", via]
    for name, given in request.passes:
        listed = ",".join(f"{key}={value}" for key, value in without_folders(kinds[name], given).items())
        words += ["--pass", f"{name}:{listed}" if listed else name]
    for stage, fields in request.options.items():
        for key, value in without_folders(kinds[stage], fields).items():
            words += _flag(stage, key.replace("_", "-"), value)
    words += [] if request.validate else ["--no-validate"]
    words += ["--atol", str(request.atol)] if request.atol is not None else []
    words += ["--rtol", str(request.rtol)] if request.rtol is not None else []
    words += ["--seed", str(request.seed)] if request.seed else []
    words += ["--require-proof"] if request.require_proof else []
    words += ["--trust"] if request.trust else []
    words += ["--isolate"] if request.isolate else []
    return shlex.join(words)


def _flag(stage: str, key: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{stage}.{key}" if value else f"--{stage}.no-{key}"]
    if isinstance(value, (list, tuple)):
        return [f"--{stage}.{key}", ",".join(map(str, value))]
    return [f"--{stage}.{key}", str(value)]


def _base_name(text: str) -> str:
    """`/home/me/net.py:make` as `net.py:make`: a manifest holds no absolute path."""
    return text.rsplit("/", 1)[-1]

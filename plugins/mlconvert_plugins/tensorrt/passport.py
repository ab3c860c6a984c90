"""An engine's passport: what its builder knew about it, kept as the facts of the manifest beside the file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlconvert_plugins.tensorrt.header import Header, same_version


@dataclass(frozen=True)
class Plugin:
    """A plugin that the engine needs to load: the file's base name and its digest."""

    file: str
    sha256: str


@dataclass(frozen=True)
class Binding:
    """An input or output as the builder sees it. -1 is a dynamic dim; `profile` holds its min, opt and max shapes.

    `values` says that the profile bounds the values of the tensor, which is a shape, and not its dims.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    profile: tuple[tuple[int, ...], ...] = ()
    values: bool = False


@dataclass(frozen=True)
class Passport:
    """What an engine needs to be loaded. `later` stands for GPUs newer than `gpus`.

    `gpu` is the name of the one GPU that a classic engine was timed on; `platforms` are system and machine.
    """

    library: str
    flavour: str
    version: str
    gpus: tuple[str, ...]
    later: bool
    platforms: tuple[str, ...]
    gpu: str = ""
    strongly_typed: bool = True
    tf32: bool = False
    workspace: int | None = None
    bytes: int = 0
    inputs: tuple[Binding, ...] = ()
    outputs: tuple[Binding, ...] = ()
    plugins: tuple[Plugin, ...] = ()

    def facts(self) -> dict[str, Any]:
        """The manifest's form, in JSON values."""
        facts: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return facts


def read(path: Path) -> Passport | None:
    """The passport of an engine, from the manifest beside it; None without one that belongs to these bytes."""
    entry = manifest(path)
    try:
        return None if entry is None else _from_facts(entry["route"][-1]["facts"])
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def manifest(path: Path) -> dict[str, Any] | None:
    """The manifest beside an engine; None without one, or with one of other bytes."""
    try:
        entry = json.loads(path.with_name(path.name + ".mlconvert.json").read_text(encoding="utf-8"))
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError):
        return None
    return entry if isinstance(entry, dict) and entry.get("sha256") == digest else None


def _from_facts(facts: Mapping[str, Any]) -> Passport:
    return Passport(
        library=str(facts["library"]),
        flavour=str(facts["flavour"]),
        version=str(facts["version"]),
        gpus=tuple(facts["gpus"]),
        later=bool(facts["later"]),
        platforms=tuple(facts["platforms"]),
        gpu=str(facts["gpu"]),
        tf32=bool(facts["tf32"]),
        workspace=facts["workspace"],
        bytes=int(facts["bytes"]),
        inputs=tuple(_binding(entry) for entry in facts["inputs"]),
        outputs=tuple(_binding(entry) for entry in facts["outputs"]),
        plugins=tuple(Plugin(entry["file"], entry["sha256"]) for entry in facts["plugins"]),
    )


def _binding(entry: Mapping[str, Any]) -> Binding:
    profile = tuple(tuple(shape) for shape in entry["profile"])
    return Binding(entry["name"], entry["dtype"], tuple(entry["shape"]), profile, bool(entry["values"]))


def contradiction(header: Header, passport: Passport) -> str | None:
    """Where an engine's header and its passport do not agree, in words."""
    if header.flavour != passport.flavour:
        return f"the file is of flavour {header.flavour}, its passport says {passport.flavour}"
    if header.version is not None and not same_version(header.version, passport.version):
        return f"the file is of version {header.version}, its passport says {passport.version}"
    if header.gpus is not None and (set(header.gpus), header.later) != (set(passport.gpus), passport.later):
        return f"the file is for {', '.join(header.gpus)}, its passport says {', '.join(passport.gpus)}"
    return None

"""The page of evidence beside every artifact: `<artifact>.mlconvert.json`.

It holds no clock time, no absolute path and no user name. `sha256` of a directory or of several files is that of
the sorted list of (relative path, size, sha256) in `files`.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

import mlconvert
from mlconvert.artifact import Artifact
from mlconvert.signature import Signature

SCHEMA = 1
SUFFIX = ".mlconvert.json"


def beside(artifact: Path) -> Path:
    """Where the manifest of an artifact stands."""
    return artifact.with_name(artifact.name + SUFFIX)


def sha256(path: Path) -> str:
    """The digest of one file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(artifact: Path, side_files: Sequence[Path] = (), name: str | None = None) -> dict[str, Any]:
    """`sha256`, `bytes` and `files` of an artifact: a file, a file with others beside it, or a directory.

    `name` is what the artifact will be called, where that is not its name yet.
    """
    if artifact.is_file() and not side_files:
        return {"sha256": sha256(artifact), "bytes": artifact.stat().st_size, "files": None}
    paths = sorted(p for p in artifact.rglob("*") if p.is_file()) if artifact.is_dir() else [artifact, *side_files]
    root = artifact if artifact.is_dir() else artifact.parent
    names = {artifact: name or artifact.name}
    entries = sorted((names.get(p) or p.relative_to(root).as_posix(), p.stat().st_size, sha256(p)) for p in paths)
    whole = hashlib.sha256(json.dumps(entries, separators=(",", ":")).encode()).hexdigest()
    files = [{"path": path, "bytes": size, "sha256": part} for path, size, part in entries]
    return {"sha256": whole, "bytes": sum(size for _, size, _ in entries), "files": files}


def side_files(entry: dict[str, Any], artifact: Path) -> list[Path]:
    """The files that belong to a one-file artifact and stand beside it, by its manifest."""
    if artifact.is_dir() or not entry.get("files"):
        return []
    # A name with a folder in it would reach outside: a manifest is a file from elsewhere, too.
    return [
        artifact.with_name(Path(part["path"]).name) for part in entry["files"] if part["path"] != entry.get("artifact")
    ]


def write(entry: dict[str, Any], path: Path) -> None:
    """Write a manifest, readable by people."""
    path.write_text(json.dumps(entry, indent=2, ensure_ascii=True, allow_nan=False) + "\n", encoding="utf-8")


def read(artifact: Path) -> dict[str, Any] | None:
    """The manifest of an artifact, or None: absent, unreadable, or not of these bytes."""
    entry = glance(artifact)
    if entry is None:
        return None
    try:
        found = digest(artifact, side_files(entry, artifact))
    except OSError:
        return None
    return entry if found["sha256"] == entry.get("sha256") else None


# What a manifest holds, as far as anything is done with it. A tuple lists alternatives.
_NUMBER = (int, float, None)
_SUSPECT = {
    "node": str,
    "op": str,
    "source": (str, None),
    "max_abs": _NUMBER,
    "note": (str, None),
    "reproducer": (str, None),
}
_CHECK = {
    "stage": (str, None),
    "status": str,
    "reason": str,
    "fix": (str, None),
    "tolerance": {"from": str},
    "outputs": [{"name": str, "max_abs": _NUMBER, "excess": _NUMBER}],
    "probes": [{"label": str, "sizes": dict}],
    "first_bad": (_SUSPECT, None),
}
_FORM = {
    "schema": int,
    "format": str,
    "flavour": (str, None),
    "artifact": str,
    "sha256": str,
    "bytes": int,
    "files": ([{"path": str}], None),
    "source": {"format": str, "flavour": (str, None), "file": (str, None)},
    "signature": {"inputs": list, "outputs": list, "dims": dict},
    "route": [{"stage": str, "facts": dict}],
    "parity": {"status": str, "reason": str, "checks": [_CHECK]},
    "host": dict,
    "command": str,
}


def _fits(value: Any, form: Any) -> bool:
    """Whether a value has the form: a manifest is a file from elsewhere, too."""
    if isinstance(form, tuple):
        return any(_fits(value, one) for one in form)
    if isinstance(form, dict):
        return isinstance(value, dict) and all(_fits(value.get(name), part) for name, part in form.items())
    if isinstance(form, list):
        return isinstance(value, list) and all(_fits(item, form[0]) for item in value)
    return value is None if form is None else isinstance(value, form)


def glance(artifact: Path) -> dict[str, Any] | None:
    """The manifest that stands beside an artifact, unchecked; None where none can be read."""
    try:
        entry = json.loads(beside(artifact).read_text(encoding="utf-8"))
        if not _fits(entry, _FORM) or entry["schema"] != SCHEMA:
            return None
        Signature.from_json(entry["signature"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    found: dict[str, Any] = entry
    return found


def versions(requirements: Iterable[str]) -> dict[str, str]:
    """The installed versions of what a stage declares."""
    found = {}
    for requirement in requirements:
        name = Requirement(requirement).name
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def compose(
    artifact: Artifact,
    name: str,
    *,
    source: dict[str, Any],
    route: list[dict[str, Any]],
    parity: dict[str, Any],
    host: dict[str, Any],
    command: str,
) -> dict[str, Any]:
    """The manifest's keys, in their order, for an artifact that will be called `name`."""
    return {
        "mlconvert": mlconvert.__version__,
        "schema": SCHEMA,
        "format": artifact.format,
        "flavour": artifact.flavour,
        "artifact": name,
        **digest(artifact.path, artifact.side_files, name),
        "source": source,
        "signature": artifact.signature.as_json(),
        "route": route,
        "parity": parity,
        "host": host,
        "command": command,
    }

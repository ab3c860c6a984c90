"""Results of hops, kept under the digest of all that went into them, verified by hash before they are used."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock, Timeout

from mlconvert import manifest
from mlconvert.errors import UsageError
from mlconvert.signature import Signature
from mlconvert.stage import Outcome, read_bytes
from mlconvert.text import for_terminal

_CAP = 10 * 2**30
_DAY = 24 * 60 * 60
_RECORD = "record.json"


def _cap() -> int:
    text = os.environ.get("MLCONVERT_CACHE_MAX")
    try:
        return _CAP if text is None else read_bytes(text)
    except ValueError as error:
        raise UsageError(f"MLCONVERT_CACHE_MAX: {for_terminal(error)}", code="bad-cache-size") from None


@dataclass(frozen=True)
class Kept:
    """One entry as `mlconvert cache ls` shows it."""

    key: str
    stage: str
    artifact: str
    bytes: int
    used: float


class Cache:
    """A folder of entries, private to the user; safe between processes.

    Raises nothing on a damaged or unwritable cache: an entry that cannot be trusted is removed, and one that cannot
    be written is not kept.
    """

    def __init__(self, root: Path | None = None, cap: int | None = None) -> None:
        named = os.environ.get("MLCONVERT_CACHE_DIR")
        self.root = root or (Path(named) if named else platformdirs.user_cache_path("mlconvert"))
        self.cap = _cap() if cap is None else cap

    @property
    def _entries(self) -> Path:
        return self.root / "hops"

    def stage_folder(self, stage: str) -> Path | None:
        """A stage's private folder, kept between runs; None where the cache cannot be written."""
        try:
            return self._folder("stages", stage)
        except OSError:
            return None

    def _folder(self, *parts: str) -> Path:
        """A folder below the root, private to the user like the root itself."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        folder = self.root
        for part in parts:
            folder /= part
            folder.mkdir(exist_ok=True, mode=0o700)
        return folder

    def get(self, key: str, into: Path) -> tuple[Path, Outcome] | None:
        """Copy an entry's files into a folder; the artifact's path there and its outcome. None when there is none."""
        entry = self._entries / key
        if not entry.is_dir():
            return None
        with contextlib.suppress(OSError), self._locked(key):
            found = self._copied(entry, into)
            if found is not None:
                return found
            shutil.rmtree(entry, ignore_errors=True)
        for path in into.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return None

    def _copied(self, entry: Path, into: Path) -> tuple[Path, Outcome] | None:
        """An entry's files in a folder, when they are what was kept."""
        try:
            record = json.loads((entry / _RECORD).read_text())
            artifact = into / record["artifact"]
            outcome = _outcome(record)
            shutil.copytree(entry / "files", into, dirs_exist_ok=True)
            beside = [path for path in into.iterdir() if path != artifact]
            if manifest.digest(artifact, beside)["sha256"] != record["sha256"]:
                return None
            os.utime(entry / _RECORD)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return artifact, outcome

    def put(self, key: str, stage: str, artifact: Path, outcome: Outcome) -> None:
        """Keep what stands in the artifact's folder. Whole or not at all."""
        with contextlib.suppress(OSError, Timeout), self._locked(key):
            entry = self._entries / key
            if entry.exists():
                return
            made = Path(tempfile.mkdtemp(dir=self._entries, prefix=".new-"))
            try:
                shutil.copytree(artifact.parent, made / "files")
                beside = [path for path in artifact.parent.iterdir() if path != artifact]
                record = {
                    "stage": stage,
                    "artifact": artifact.name,
                    "sha256": manifest.digest(artifact, beside)["sha256"],
                    "signature": outcome.signature.as_json(),
                    "facts": dict(outcome.facts),
                    "flavour": outcome.flavour,
                }
                (made / _RECORD).write_text(json.dumps(record))
                made.rename(entry)
            finally:
                shutil.rmtree(made, ignore_errors=True)
        self._evict(spare=key)

    def _evict(self, spare: str) -> None:
        """Remove what dead runs left half-made, and the entries used longest ago until the rest fits the cap."""
        self._sweep(time.time() - _DAY)
        entries = sorted(self.entries(), key=lambda kept: kept.used)
        total = sum(kept.bytes for kept in entries)
        for kept in entries:
            if total <= self.cap:
                return
            if kept.key != spare and self.remove(kept.key):
                total -= kept.bytes

    def _sweep(self, before: float) -> None:
        for half in self._entries.glob(".new-*"):
            with contextlib.suppress(OSError):
                if half.stat().st_mtime < before:
                    shutil.rmtree(half)

    def entries(self) -> list[Kept]:
        """What is kept, the most recently used first."""
        return sorted(self._read(), key=lambda kept: -kept.used)

    def _read(self) -> Iterator[Kept]:
        for folder in self._entries.glob("[!.]*/"):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                record = json.loads((folder / _RECORD).read_text())
                size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                used = (folder / _RECORD).stat().st_mtime
                yield Kept(folder.name, record["stage"], record["artifact"], size, used)

    def remove(self, key: str) -> bool:
        """Remove one entry; False when another process is using it."""
        try:
            with self._locked(key, timeout=0):
                shutil.rmtree(self._entries / key, ignore_errors=True)
                return True
        except (Timeout, OSError):
            return False

    def clear(self) -> int:
        """Remove everything; the number of entries that were there."""
        found = self.entries()
        for kept in found:
            self.remove(kept.key)
        self._sweep(time.time() + _DAY)
        for folder in ("stages", "environments"):
            shutil.rmtree(self.root / folder, ignore_errors=True)
        return len(found)

    @contextlib.contextmanager
    def _locked(self, key: str, timeout: float = 60) -> Iterator[None]:
        self._folder("hops")
        with FileLock(self._folder("locks") / f"{key}.lock").acquire(timeout=timeout):
            yield


def _outcome(record: dict[str, Any]) -> Outcome:
    return Outcome(Signature.from_json(record["signature"]), record["facts"], record["flavour"])


def key_of(**parts: Any) -> str:
    """The digest of everything that decides what a hop writes (JSON values)."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@functools.cache
def code_digest(package: str) -> str:
    """The digest of a package's files: its code version, also while it is being written."""
    import importlib.util

    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return manifest.sha256(Path(spec.origin)) if spec and spec.origin else ""
    whole = hashlib.sha256()
    for root in spec.submodule_search_locations:
        for path in sorted(path for path in Path(root).rglob("*") if path.is_file() and path.suffix != ".pyc"):
            whole.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()

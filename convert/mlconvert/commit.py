"""Putting an artifact in its place so that a kill at any moment leaves the old one or the new one, whole.

All work happens in a scratch folder beside the target, on the same file system. A file is renamed over the old
one; a directory goes by two renames with an aside, which the next run puts back if it finds one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from mlconvert import manifest
from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal

_MARK = ".mlconvert-"
_LOCK, _ASIDE = "lock", "aside"

Step = Callable[[str], None]


def _no_step(name: str) -> None:
    """What is called between two steps of a commit; tests kill the process there."""


class Scratch:
    """A locked folder beside the target, gone when the context ends. Folders that dead runs left are cleared first."""

    def __init__(self, target: Path, step: Step = _no_step) -> None:
        self.target = target
        self.step = step
        self._made: list[Path] = []

    def __enter__(self) -> Scratch:
        parent = self.target.parent
        try:
            self._make_parents(parent)
            recover(self.target)
            self.folder = Path(tempfile.mkdtemp(prefix=f".{self.target.name[:100]}{_MARK}", dir=parent))
            self._lock = FileLock(self.folder / _LOCK)
            self._lock.acquire(timeout=0)
        except OSError as error:
            self._remove_made()
            raise ConversionError(
                f"cannot write to {for_terminal(parent)}: {error.strerror}",
                code="not-writable",
                where=self.target.name,
                fix="choose another place with -o",
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._remove_made()

    def _make_parents(self, parent: Path) -> None:
        missing = [folder for folder in (parent, *parent.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(exist_ok=True)
            self._made.append(folder)

    def _remove_made(self) -> None:
        """Take back the folders that were made for a target that never came."""
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def place(self, name: str) -> Path:
        """A new folder inside, for one hop."""
        folder = self.folder / name
        folder.mkdir()
        return folder

    def commit(self, made: Path, side_files: Sequence[Path], entry: dict[str, object], *, replace: bool) -> None:
        """Move an artifact, the files beside it and its manifest to the target; the artifact itself goes last.

        Raises ConversionError when the target exists and `replace` is false, also when it has just appeared.
        """
        if not replace and self.target.exists():
            raise exists(self.target)
        old = manifest.read(self.target) if self.target.exists() else None
        outdated = manifest.side_files(old, self.target) if old else []
        page = self.folder / "manifest"
        manifest.write(entry, page)
        _sync([page, *side_files, *(made.rglob("*") if made.is_dir() else [made])])
        self.step("synced")
        for side_file in side_files:
            side_file.replace(self.target.with_name(side_file.name))
            self.step("side file")
        page.replace(manifest.beside(self.target))
        self.step("manifest")
        self._move(made, replace)
        self.step("artifact")
        _sync([self.target.parent])
        kept = {side_file.name for side_file in side_files}
        for path in outdated:
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def _move(self, made: Path, replace: bool) -> None:
        if self.target.is_dir():
            self._set_aside()
        elif made.is_dir() and self.target.exists():
            self.target.unlink()
        if replace or made.is_dir():
            made.replace(self.target)
            return
        try:
            os.link(made, self.target)  # unlike a rename, never replaces what another process has put there
        except FileExistsError:
            raise exists(self.target) from None
        except OSError:
            made.replace(self.target)

    def _set_aside(self) -> None:
        aside = self.place(_ASIDE) / self.target.name
        try:
            self.target.rename(aside)
        except OSError:
            # On an overlay file system a lower layer's folder cannot be renamed; it is copied, then emptied.
            shutil.copytree(self.target, aside, symlinks=True)
            shutil.rmtree(self.target)
        self.step("aside")


def exists(target: Path) -> ConversionError:
    """The error for a target that is already there."""
    return ConversionError(
        f"{for_terminal(target)} exists and was kept",
        code="target-exists",
        where=target.name,
        fix="add --force to replace it, or choose another name with -o",
    )


def recover(target: Path) -> None:
    """Clear the scratch folders of runs that are gone; put back a directory that one of them had set aside."""
    for folder in target.parent.glob(f".{_escaped(target.name[:100])}{_MARK}*"):
        lock = FileLock(folder / _LOCK)
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            continue  # its owner is at work
        aside = folder / _ASIDE / target.name
        if aside.exists() and not target.exists():
            aside.rename(target)
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _sync(paths: Sequence[Path]) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

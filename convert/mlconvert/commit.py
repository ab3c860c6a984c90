"""Putting an artifact in its place so that a kill at any moment leaves the old one or the new one, whole.

All work happens in a scratch folder beside the target, on the same file system. A file is renamed over the old
one; a directory goes by two renames with an aside, which the next run puts back if it finds one. Conversions that
write into one folder take turns for the moments in which they change it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from mlconvert import manifest
from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal

_MARK = ".mlconvert-"
# What a scratch folder holds beside the hops: its owner's lock, what stood at the target, and the sign that the
# target is being emptied because it could not be renamed.
_LOCK, _ASIDE, _EMPTYING = "lock", "aside", "emptying"

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
            with contextlib.suppress(FileNotFoundError):
                manifest.beside(self.target).lstat()  # finds out whether the file system can hold the name
            with _alone(parent):
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
        with _alone(self.target.parent):
            _put_back(self.folder, self.target)
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
        page = self.folder / "manifest"
        manifest.write(entry, page)
        _sync([page, *side_files, made, *(made.rglob("*") if made.is_dir() else ())])
        self.step("synced")
        with _alone(self.target.parent):
            if not replace and os.path.lexists(self.target):
                raise exists(self.target)
            outdated = _side_files(self.target)
            for side_file in side_files:
                side_file.replace(self.target.with_name(side_file.name))
                self.step("side file")
            page.replace(manifest.beside(self.target))
            self.step("manifest")
            self._move(made, replace)
            self.step("artifact")
            _sync([self.target.parent])
            if outdated:
                _remove_unclaimed(outdated, self.target.parent)

    def _move(self, made: Path, replace: bool) -> None:
        if replace and os.path.lexists(self.target) and (made.is_dir() or self.target.is_dir()):
            self._set_aside()
        if replace:
            made.replace(self.target)
            return
        put = os.rename if made.is_dir() else os.link  # neither replaces what somebody else has put there
        try:
            put(made, self.target)
        except OSError:
            if os.path.lexists(self.target):
                raise exists(self.target) from None
            made.replace(self.target)

    def _set_aside(self) -> None:
        aside = self.place(_ASIDE) / self.target.name
        try:
            self.target.rename(aside)
        except OSError:
            # On an overlay file system a lower layer's folder cannot be renamed; it is copied, then emptied.
            partial = aside.with_name("partial")
            shutil.copytree(self.target, partial, symlinks=True)
            partial.rename(aside)
            self.step("copy")
            sign = self.folder / _EMPTYING
            sign.touch()
            shutil.rmtree(self.target)
            sign.unlink()
        self.step("aside")


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait for other conversions that are changing this folder, and make them wait."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _side_files(target: Path) -> list[Path]:
    """The files beside an artifact that belong to it, by its manifest."""
    glimpsed = manifest.glance(target)
    entry = manifest.read(target) if glimpsed and glimpsed.get("files") else None
    return [] if entry is None else manifest.side_files(entry, target)


def _remove_unclaimed(files: Sequence[Path], folder: Path) -> None:
    """Remove those files that no manifest in the folder claims: names made of content can belong to several."""
    claimed: set[Path] = set()
    for page in folder.glob(f"*{manifest.SUFFIX}"):
        artifact = page.with_name(page.name.removesuffix(manifest.SUFFIX))
        claimed.update(manifest.side_files(manifest.glance(artifact) or {}, artifact))
    for path in set(files) - claimed:
        path.unlink(missing_ok=True)


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
        _put_back(folder, target)
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _put_back(folder: Path, target: Path) -> None:
    """Return what was set aside in a scratch folder, unless the new artifact has taken its place."""
    if (folder / _EMPTYING).exists():
        shutil.rmtree(target, ignore_errors=True)
    aside = folder / _ASIDE / target.name
    if os.path.lexists(aside) and not os.path.lexists(target):
        aside.rename(target)


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _sync(paths: Sequence[Path]) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

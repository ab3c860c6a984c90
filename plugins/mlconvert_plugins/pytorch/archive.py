"""Zip archives that nobody vouches for: opened with the standard library, bounded before anything is read.

torch reads archives with another zip library (miniz). Whatever the two could read differently is refused here:
bytes before the first member, a comment after the last, two members of one name.
"""

from __future__ import annotations

import contextlib
import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal

# torch stores tensors uncompressed: an archive that unfolds to many times its size was not written by it.
_EXPANSION = 20
_SLACK = 16 * 2**20
_MEMBERS = 200_000
# Everything but tensors is small; what must be vetted as a whole is bounded.
TEXT_LIMIT = 256 * 2**20

_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


class Archive:
    """The members of a zip archive by their names below its one top folder, which is torch's layout."""

    def __init__(self, path: Path, zipped: zipfile.ZipFile) -> None:
        self.path = path
        self._zip = zipped
        self._members = {_below_top(info.filename): info for info in zipped.infolist() if not info.is_dir()}
        self.names = tuple(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def size(self, name: str) -> int:
        """Bytes of a member once it is unfolded."""
        return self._members[name].file_size

    def read(self, name: str, limit: int = TEXT_LIMIT) -> bytes:
        """A whole member. Raises ConversionError when it is damaged, or larger than `limit` bytes."""
        if self.size(name) > limit:
            raise broken(self.path, f"{name} takes {self.size(name)} bytes, more than can be vetted")
        return self.head(name, self.size(name))

    def head(self, name: str, size: int) -> bytes:
        """The first `size` bytes of a member. Raises ConversionError when it is damaged."""
        try:
            with self._zip.open(self._members[name]) as stream:
                return stream.read(size)
        except _ERRORS as error:
            raise broken(self.path, f"{name}: {error}") from error


@contextlib.contextmanager
def opened(path: Path, content: Optional[bytes] = None) -> Iterator[Archive]:
    """The archive at `path`, or the one whose bytes are `content` and which lies within it.

    Raises ConversionError for one that is damaged, too large inside, or ambiguous.
    """
    with path.open("rb") if content is None else io.BytesIO(content) as stream:
        try:
            zipped = zipfile.ZipFile(stream)
        except _ERRORS as error:
            raise broken(path, f"its table of contents cannot be read ({error}); it may be cut short") from error
        with zipped:
            _check_bounds(path, zipped, stream.seek(0, io.SEEK_END))
            stream.seek(0)
            _check_names(path, zipped, stream.read(4))
            yield Archive(path, zipped)


def broken(path: Path, reason: str) -> ConversionError:
    """The error for a file that is damaged."""
    return ConversionError(
        f"{for_terminal(path.name)} is damaged: {for_terminal(reason)}",
        code="broken-file",
        where=path.name,
        fix="save the model again, or copy the file again",
    )


def _refused(path: Path, reason: str) -> ConversionError:
    return ConversionError(
        f"{for_terminal(path.name)} is no archive that torch writes: {for_terminal(reason)}",
        code="unsafe-archive",
        where=path.name,
        fix="save the model again with torch.export.save, torch.jit.save or torch.save",
    )


def _check_bounds(path: Path, zipped: zipfile.ZipFile, held: int) -> None:
    infos = zipped.infolist()
    if len(infos) > _MEMBERS:
        raise _refused(path, f"it holds {len(infos)} members")
    if sum(info.file_size for info in infos) > _EXPANSION * held + _SLACK:
        raise _refused(path, f"it unfolds to more than {_EXPANSION} times its size")
    if sum(info.compress_size for info in infos) > held:
        raise _refused(path, "its members overlap")


def _check_names(path: Path, zipped: zipfile.ZipFile, start: bytes) -> None:
    infos = zipped.infolist()
    if zipped.comment or (infos and start != b"PK\x03\x04"):
        raise _refused(path, "it holds bytes outside of its members")
    seen: set[str] = set()
    for info in infos:
        name = info.orig_filename
        if name.startswith("/") or "\\" in name or "\0" in name or ".." in name.split("/"):
            raise _refused(path, f"the member {name!r} points outside of it")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _refused(path, f"the member {name!r} is a link")
        # miniz finds members without regard to case.
        if name.casefold() in seen:
            raise _refused(path, f"two members are called {name!r}")
        seen.add(name.casefold())
    if len({name.partition("/")[0] for name in seen if "/" in name}) > 1 and not _is_flat(seen):
        raise _refused(path, "it holds several top folders")


def _is_flat(names: set[str]) -> bool:
    """Whether it is laid out as torch.export.save did up to 2.7: plain files, and a folder of extra ones."""
    return "serialized_exported_program.json" in names


def _below_top(name: str) -> str:
    return name.partition("/")[2] or name

"""Zip archives that nobody vouches for: opened with the standard library, bounded before anything is read.

Whoever else reads the archive (torch with miniz, a JVM) must see the same members in it. So whatever two readers could
read differently is refused: bytes before the first member, a comment after the last, two members of one name.
"""

from __future__ import annotations

import contextlib
import io
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal

_SLACK = 16 * 2**20
_MEMBERS = 200_000
# What must be vetted as a whole is bounded.
READ_LIMIT = 256 * 2**20

# The record at the end of a zip archive without a comment (APPNOTE.TXT, 4.3.16).
_END_SIGNATURE, _END_SIZE = b"PK\x05\x06", 22

_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


@dataclass(frozen=True)
class Kind:
    """What an honest archive of one kind is: `name` in words, how far it unfolds, and how to come by a sound one."""

    name: str
    expansion: int
    again: str

    def broken(self, path: Path, reason: str) -> ConversionError:
        """The error for a file that is damaged."""
        return ConversionError(
            f"{for_terminal(path.name)} is damaged: {for_terminal(reason)}",
            code="broken-file",
            where=path.name,
            fix="save the model again, or copy the file again",
        )

    def refused(self, path: Path, reason: str) -> ConversionError:
        """The error for a file that may be sound, and is not what honest ones are."""
        return ConversionError(
            f"{for_terminal(path.name)} is no {self.name}: {for_terminal(reason)}",
            code="unsafe-archive",
            where=path.name,
            fix=self.again,
        )


class Archive:
    """The members of a zip archive, by names that `name_of` makes of their own."""

    def __init__(self, path: Path, kind: Kind, zipped: zipfile.ZipFile, name_of: Callable[[str], str]) -> None:
        self.path = path
        self.kind = kind
        self.infos = tuple(zipped.infolist())
        # Where the table of contents begins.
        self.table_at = zipped.start_dir
        self._zip = zipped
        self._members = {name_of(info.filename): info for info in self.infos if not info.is_dir()}
        self.names = tuple(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def size(self, name: str) -> int:
        """Bytes of a member once it is unfolded."""
        return self._members[name].file_size

    def read(self, name: str, limit: int = READ_LIMIT) -> bytes:
        """A whole member. Raises ConversionError when it is damaged, or larger than `limit` bytes."""
        if self.size(name) > limit:
            raise self.kind.broken(self.path, f"{name} takes {self.size(name)} bytes, more than can be vetted")
        return self.head(name, self.size(name))

    def head(self, name: str, size: int) -> bytes:
        """The first `size` bytes of a member. Raises ConversionError when it is damaged."""
        try:
            with self._zip.open(self._members[name]) as stream:
                return stream.read(size)
        except _ERRORS as error:
            raise self.kind.broken(self.path, f"{name}: {error}") from error


@contextlib.contextmanager
def opened(
    path: Path, kind: Kind, *, content: bytes | None = None, name_of: Callable[[str], str] = str
) -> Iterator[Archive]:
    """The archive at `path`, or the one whose bytes are `content` and which lies within it.

    Raises ConversionError for one that is damaged, too large inside, or ambiguous.
    """
    with path.open("rb") if content is None else io.BytesIO(content) as stream:
        try:
            zipped = zipfile.ZipFile(stream)
        except _ERRORS as error:
            raise kind.broken(path, f"its table of contents cannot be read ({error}); it may be cut short") from error
        with zipped:
            _check_extent(path, kind, zipped, stream)
            _check_names(path, kind, zipped)
            yield Archive(path, kind, zipped, name_of)


def _check_extent(path: Path, kind: Kind, zipped: zipfile.ZipFile, stream: BinaryIO) -> None:
    infos = zipped.infolist()
    held = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, held - _END_SIZE))
    if stream.read(4) != _END_SIGNATURE or zipped.comment:
        # An archive inside of this one may have been taken for it.
        raise kind.broken(path, "it does not end where its table of contents ends; it may be cut short")
    if infos and min(info.header_offset for info in infos) != 0:
        raise kind.refused(path, "it holds bytes in front of its members")
    if len(infos) > _MEMBERS:
        raise kind.refused(path, f"it holds {len(infos)} members")
    unfolded, folded = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    if unfolded > kind.expansion * held + _SLACK:
        raise kind.refused(path, f"it unfolds to more than {kind.expansion} times its size")
    if folded > held:
        raise kind.refused(path, "its members overlap")


def _check_names(path: Path, kind: Kind, zipped: zipfile.ZipFile) -> None:
    seen: set[str] = set()
    for info in zipped.infolist():
        name = info.orig_filename
        if name.startswith("/") or "\\" in name or "\0" in name or ".." in name.split("/"):
            raise kind.refused(path, f"the member {name!r} points outside of it")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise kind.refused(path, f"the member {name!r} is a link")
        if name in seen:
            raise kind.refused(path, f"two members are called {name!r}")
        seen.add(name)

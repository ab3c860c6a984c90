"""Arrays in files: `.npz`, `.npy`, and folders of `.npy`. They are read row by row, never whole."""

from __future__ import annotations

import contextlib
import functools
import math
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal, suggestion

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Stored:
    """One array in a file of numpy's format (see numpy.lib.format), and how to open it from its start."""

    shape: tuple[int, ...]
    dtype: np.dtype
    is_fortran: bool
    opened: Callable[[], AbstractContextManager[IO[bytes]]]

    def parts(self, rows: int | None) -> Iterator[np.ndarray]:
        """So many rows at a time, at once where that is None. An array in Fortran's order is held whole."""
        step = max(1, rows or len(self))
        with self.opened() as stream:
            _header(stream)
            if self.is_fortran:
                whole = _read(stream, self.shape[::-1], self.dtype).T
                yield from (whole[start : start + step] for start in range(0, len(self), step))
            elif rows is None or not self.shape:
                yield _read(stream, self.shape, self.dtype)
            else:
                for start in range(0, len(self), step):
                    yield _read(stream, (min(step, len(self) - start), *self.shape[1:]), self.dtype)

    def __len__(self) -> int:
        return self.shape[0] if self.shape else 1


def _read(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    import numpy as np

    size = math.prod(shape) * dtype.itemsize
    content = stream.read(size)
    if len(content) < size:
        raise EOFError("it ends within an array")
    # A copy: frameworks want arrays that they may write to.
    return np.frombuffer(content, dtype, math.prod(shape)).reshape(shape).copy()


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    from numpy.lib import format

    version = format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of numpy's format is that of records")
    read = format.read_array_header_1_0 if version == (1, 0) else format.read_array_header_2_0
    shape, is_fortran, dtype = read(stream)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which numpy pickles; write text as numpy.array(..., dtype=str)")
    return shape, is_fortran, dtype


@contextlib.contextmanager
def reading(name: str, kind: str, fix: str) -> Iterator[None]:
    """What reading the file raises, as a ConversionError (`bad-data`)."""
    try:
        yield
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        reason = error.strerror or error if isinstance(error, OSError) else error
        raise ConversionError(
            f"{for_terminal(name)} cannot be read as {kind}: {for_terminal(reason)}",
            code="bad-data",
            where=name,
            fix=fix,
        ) from error


def kind_of(path: Path) -> str:
    """What the file, or the files of a folder, are called in messages."""
    return "npz" if path.suffix == ".npz" and path.is_file() else "npy"


def stored(path: Path, only: str = "") -> dict[str, Stored]:
    """The arrays of an `.npz` file, of a folder, or the one of an `.npy` file, which is called `only`.

    Raises ConversionError (`bad-data`).
    """
    kind = kind_of(path)
    with reading(path.name, kind, "write it with numpy.savez" if kind == "npz" else "write it with numpy.save"):
        if path.is_dir():
            return {one.stem: _described(functools.partial(_file, one)) for one in sorted(path.glob("*.npy"))}
        if path.suffix == ".npy":
            return {only: _described(functools.partial(_file, path))}
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if name.endswith(".npy")]
        return {name.removesuffix(".npy"): _described(functools.partial(_member, path, name)) for name in members}


def _file(path: Path) -> IO[bytes]:
    return path.open("rb")


@contextlib.contextmanager
def _member(path: Path, name: str) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(path) as archive, archive.open(name) as stream:
        yield stream


def _described(opened: Callable[[], AbstractContextManager[IO[bytes]]]) -> Stored:
    with opened() as stream:
        shape, is_fortran, dtype = _header(stream)
    return Stored(shape, dtype, is_fortran, opened)


def check_present(names: list[str], arrays: Mapping[str, object], source: str) -> None:
    """Raise ConversionError (`bad-data`) for a name that has no array."""
    for name in names:
        if name not in arrays:
            raise ConversionError(
                f"{for_terminal(source)} has no array for the input {name!r}; "
                f"it has: {for_terminal(', '.join(arrays)) or 'none'}{suggestion(name, arrays)}",
                code="bad-data",
                where=name,
                fix="name the arrays as the model names its inputs",
            )

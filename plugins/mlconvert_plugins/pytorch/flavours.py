"""Telling PyTorch files apart by what is in them. Reads a table of contents and one pickle; executes nothing."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Optional

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal
from mlconvert_plugins.pytorch import pickles
from mlconvert_plugins.pytorch.archive import Archive, opened

SUFFIXES = (".pt", ".pth", ".pt2", ".ptl")
# torch.serialization.MAGIC_NUMBER, as the LONG1 that a pickle holds.
_MAGIC = bytes.fromhex("8a0a6cfc9c46f9206aa85019")
_MAPPINGS = ("EMPTY_DICT", "DICT", "collections.OrderedDict", "collections.Counter")


def flavour_of(path: Path) -> Optional[str]:
    """exported, torchscript, state_dict or pickled; None for what is no PyTorch file.

    Raises ConversionError (`not-a-model`, `broken-file`, `unsafe-archive`, `old-format`) for a file with one of
    PyTorch's suffixes that holds something else, and for a PyTorch file that is damaged.
    """
    with path.open("rb") as stream:
        head = stream.read(512)
    ours = path.suffix.lower() in SUFFIXES
    if head[:2] == b"PK":
        return _of_zip(path, ours)
    if _MAGIC in head[:16]:
        with path.open("rb") as stream:
            pickles.scan(stream, 3)
            return _of_pickle(pickles.scan(stream))
    if _is_safetensors(path, head):
        return "state_dict"
    if ours:
        _refuse_others(path, head)
    return None


def _of_zip(path: Path, ours: bool) -> Optional[str]:
    try:
        with opened(path) as archive:
            flavour = _of_archive(archive)
    except ConversionError:
        if ours:
            raise
        return None
    if flavour is None and ours:
        raise _no_model(path, "it is a zip archive that torch did not write")
    return flavour


def _of_archive(archive: Archive) -> Optional[str]:
    if "archive_format" in archive and archive.head("archive_format", 16).strip() == b"pt2":
        if not any(name.startswith("models/") for name in archive.names):
            raise _no_model(archive.path, "it is a compiled package, and holds no exported program")
        return "exported"
    if "serialized_exported_program.json" in archive:
        return "exported"
    if "constants.pkl" in archive and any(name.startswith("code/") for name in archive.names):
        return "torchscript"
    if "data.pkl" in archive:
        return _of_pickle(pickles.scan(io.BytesIO(archive.read("data.pkl"))))
    if "model.json" in archive and "version" in archive:
        raise _old(archive.path, "TorchScript of torch 1.2 or older")
    return None


def _of_pickle(read: pickles.Scan) -> str:
    return "state_dict" if read.root in _MAPPINGS else "pickled"


def _is_safetensors(path: Path, head: bytes) -> bool:
    """Eight bytes of length, then as many of JSON (the format's own description, huggingface/safetensors)."""
    if len(head) < 10 or head[8:9] != b"{":
        return False
    length: int = struct.unpack("<Q", head[:8])[0]
    return 2 <= length <= min(path.stat().st_size - 8, 100_000_000)


def _refuse_others(path: Path, head: bytes) -> None:
    if not head:
        raise _no_model(path, "it is empty")
    if head[257:262] == b"ustar":
        raise _old(path, "a tar archive of torch 0.1")
    if head[:1] == b"\x80" and head[1:2] <= b"\x05":
        raise _no_model(path, "it is a plain pickle; torch.save writes another form")
    if _is_text(head):
        raise _no_model(path, "it is a text file")


def _is_text(head: bytes) -> bool:
    return not set(head) & (set(range(32)) - set(b"\t\n\r\f\x1b"))


def _no_model(path: Path, reason: str) -> ConversionError:
    return ConversionError(
        f"{for_terminal(path.name)} is no PyTorch model: {reason}",
        code="not-a-model",
        where=path.name,
        fix="give a file written by torch.export.save, torch.jit.save or torch.save",
    )


def _old(path: Path, kind: str) -> ConversionError:
    return ConversionError(
        f"{for_terminal(path.name)} is {kind}, which is no longer read",
        code="old-format",
        where=path.name,
        fix="load and save it once with a torch of its time that also writes the zip form (1.4 to 2.2)",
    )

"""What the first bytes of an engine file prove.

TensorRT: the tag and the place of the version are those that NVIDIA's own trtexec reads (`printPlanVersion` in
samples/common/sampleEngines.cpp of TensorRT 10). TensorRT-RTX: measured on engines that releases 1.4 to 1.7 built
for every compute capability that they know; `Runtime.engine_header_size` is 64 there. What follows is unknown.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path

from mlconvert.errors import ConversionError
from mlconvert_plugins.tensorrt.library import numbers

_TENSORRT_TAG, _RTX_TAG = b"ftrt", b"vtrt"
_TENSORRT_SIZE, _RTX_SIZE = 28, 64
# The last four bytes of every engine that these releases of TensorRT-RTX wrote.
_RTX_END = bytes.fromhex("998b8d8b")
# Bit by bit, the compute capabilities of the mask at byte 32. With none set, a release sets all its bits but
# sm_75's and one more, which stands for "and later" in its documentation.
_RTX_BITS = ("sm_75", "sm_80", "sm_86", "sm_89", "sm_120", "sm_121")
_RTX_KNOWN = {(1, 4): _RTX_BITS[:5], (1, 5): _RTX_BITS, (1, 6): _RTX_BITS, (1, 7): _RTX_BITS}


@dataclass(frozen=True)
class Header:
    """`version` and `gpus` are None where the bytes prove nothing; `later` stands for GPUs newer than the list."""

    flavour: str
    version: str | None
    gpus: tuple[str, ...] | None = None
    later: bool = False


def read(path: Path) -> Header | None:
    """The header of an engine file, or None when it is none. Raises ConversionError for a truncated engine."""
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        head = stream.read(_RTX_SIZE)
    if head.startswith(_TENSORRT_TAG):
        return _read_tensorrt(head, path)
    if head.startswith(_RTX_TAG):
        return _read_rtx(head, path)
    _refuse_wrapped(head, path)
    return None


def _read_tensorrt(head: bytes, path: Path) -> Header:
    _check_length(len(head), _TENSORRT_SIZE, path)
    layout = struct.unpack_from("<I", head, 4)[0]
    return Header("tensorrt", _version(head) if layout == 0 else None)


def _read_rtx(head: bytes, path: Path) -> Header:
    _check_length(len(head), _RTX_SIZE, path)
    known = _RTX_KNOWN.get((head[24], head[25]))
    if known is None or struct.unpack_from("<I", head, 4)[0] != 0:
        return Header("rtx", None)
    _check_whole(head, path)
    mask = struct.unpack_from("<Q", head, 32)[0]
    gpus = tuple(name for bit, name in enumerate(known) if mask >> bit & 1)
    return Header("rtx", _version(head), gpus, later=mask >> len(known) == 1)


def _version(head: bytes) -> str:
    return ".".join(str(number) for number in head[24:28])


def same_version(one: str, other: str) -> bool:
    """Whether two versions are the same release; a header has one byte for the build's number."""
    first, second = numbers(one), numbers(other)
    if first[:3] != second[:3]:
        return False
    return len(first) < 4 or len(second) < 4 or first[3] % 256 == second[3] % 256


def _check_length(have: int, need: int, path: Path) -> None:
    if have < need:
        raise ConversionError(
            f"the engine ends inside its header, after {have} of {need} bytes",
            code="broken-file",
            where=path.name,
            fix="copy or build it again",
        )


def _check_whole(head: bytes, path: Path) -> None:
    """The header says how long the file is, and the last bytes are a mark."""
    said, have = struct.unpack_from("<Q", head, 16)[0], path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(-len(_RTX_END), 2)
        ended = stream.read() == _RTX_END
    if said != have or not ended:
        what = f"has {have} bytes where its header says {said}" if said != have else "does not end with the end mark"
        raise ConversionError(f"the engine {what}", code="broken-file", where=path.name, fix="copy or build it again")


def _refuse_wrapped(head: bytes, path: Path) -> None:
    """Some exporters put their own JSON, with its length, in front of the engine: no TensorRT runtime loads that."""
    if len(head) < 6 or head[4:5] != b"{":
        return
    size = struct.unpack_from("<I", head)[0]
    with path.open("rb") as stream:
        stream.seek(4 + min(size, path.stat().st_size))
        tag = stream.read(4)
        stream.seek(4)
        text = stream.read(min(size, 2**20))
    if tag not in (_TENSORRT_TAG, _RTX_TAG):
        return
    try:
        json.loads(text)
    except ValueError:
        return
    raise ConversionError(
        f"an engine with {4 + size} bytes of JSON in front of it, as Ultralytics writes it",
        code="wrapped-engine",
        where=path.name,
        fix=f"take them off: tail -c +{4 + size + 1} {path.name} > model.plan",
    )

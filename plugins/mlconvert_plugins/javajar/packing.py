"""Jars as bytes: the same members always give the same file (APPNOTE.TXT, the ZIP file format; RFC 1951, deflate)."""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Mapping, Sequence

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _UNIX = 20, 3 << 8
_DEFLATED = 8
# The first moment that a zip can hold, midnight of 1980-01-01, and a plain file's mode.
_TIME, _DATE = 0, 1 << 5 | 1
_MODE = 0o100644 << 16

# How a part may be coded: by zlib's two searches for repetitions, or as it is. Higher levels take ten times as long on
# a plane of few values, and save a thousandth.
_CODINGS = ((6, zlib.Z_DEFAULT_STRATEGY), (7, zlib.Z_FILTERED), (0, zlib.Z_DEFAULT_STRATEGY))
# What a part of its own takes beside its content is worth it from here on.
_LEAST = 512
_LARGEST = 2**32 - 1


def pack(members: Mapping[str, bytes], cuts: Mapping[str, Sequence[int]] | None = None) -> bytes:
    """A jar of these members, in their order.

    `cuts` says at which of its bytes a member's content turns into something else, by the member's name: each part is
    then coded by itself, which makes the planes of a forest smaller. Raises OverflowError beyond 4 GiB.
    """
    table, parts, at = [], [], 0
    for name, content in members.items():
        folded, path = _deflated(content, (cuts or {}).get(name, ())), name.encode("ascii")
        if at + len(folded) > _LARGEST or len(content) > _LARGEST:
            raise OverflowError("a jar holds at most 4 GiB")
        common = (_VERSION, 0, _DEFLATED, _TIME, _DATE, zlib.crc32(content), len(folded), len(content), len(path), 0)
        parts += [_LOCAL.pack(b"PK\x03\x04", *common), path, folded]
        table.append(_CENTRAL.pack(b"PK\x01\x02", _VERSION | _UNIX, *common, 0, 0, 0, _MODE, at) + path)
        at += _LOCAL.size + len(path) + len(folded)
    size = sum(map(len, table))
    end = _END.pack(b"PK\x05\x06", 0, 0, len(table), len(table), size, at, 0)
    return b"".join((*parts, *table, end))


def _deflated(content: bytes, cuts: Sequence[int]) -> bytes:
    """One deflate stream of all parts, each coded in the way that makes it smallest."""
    bounds = [0]
    for cut in cuts:
        if cut - bounds[-1] >= _LEAST:
            bounds.append(cut)
    pieces = [content[start:end] for start, end in itertools.pairwise((*bounds, len(content)))]
    return b"".join(_smallest(piece, last=number == len(pieces)) for number, piece in enumerate(pieces, 1))


def _smallest(piece: bytes, *, last: bool) -> bytes:
    return min((_coded(piece, level, strategy, last) for level, strategy in _CODINGS), key=len)


def _coded(piece: bytes, level: int, strategy: int, last: bool) -> bytes:
    coder = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, strategy)
    # A part that is not the last ends on a byte, so that the next can follow it.
    return coder.compress(piece) + coder.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)

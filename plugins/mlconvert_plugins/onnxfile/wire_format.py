"""Protobuf's wire format by hand: where the fields of a message lie, without what they hold, and how one begins.

Source: protobuf's encoding guide (https://protobuf.dev/programming-guides/encoding/).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_FIXED = {FIXED64: 8, FIXED32: 4}
_VARINT_BYTES = 10


class Readable(Protocol):
    """What is read: a file, or a map of one in memory."""

    def seek(self, offset: int, /) -> object:
        """Go to the byte at this offset."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many."""


class BrokenError(Exception):
    """The bytes are no message.

    `offset` is where the field stands that cannot be read, in bytes from the file's start; `number` is the field's,
    where that could be read.
    """

    def __init__(self, offset: int, reason: str, number: int = 0) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason
        self.number = number


@dataclass(frozen=True)
class Field:
    """One field: `value` of a varint, else the bytes from `start` to `end`. `offset` is where its tag stands."""

    number: int
    wire: int
    offset: int
    start: int
    end: int
    value: int = 0


def fields(stream: Readable, start: int, end: int) -> Iterator[Field]:
    """The fields of the message in bytes `start` to `end`; what they hold is skipped. Raises BrokenError."""
    at = start
    while at < end:
        field = _field(stream, at, end)
        yield field
        at = field.end


def _field(stream: Readable, at: int, end: int) -> Field:
    tag, start = _varint(stream, at, end)
    number, wire = tag >> 3, tag & 7
    if number == 0:
        raise BrokenError(at, "a field of number 0")
    try:
        value, stop = _varint(stream, start, end) if wire in (VARINT, LENGTH) else (0, start)
    except BrokenError as error:
        raise BrokenError(at, error.reason, number) from None
    if wire == VARINT:
        return Field(number, wire, at, start, stop, value)
    size = value if wire == LENGTH else _FIXED.get(wire)
    if size is None:
        raise BrokenError(at, f"a field of the unknown wire type {wire}", number)
    if stop + size > end:
        raise BrokenError(at, f"a field of {size} bytes begins, and {end - stop} are left", number)
    return Field(number, wire, at, stop, stop + size)


def _varint(stream: Readable, at: int, end: int) -> tuple[int, int]:
    """The number that starts at `at`, and where the next byte after it stands."""
    stream.seek(at)
    held = stream.read(min(_VARINT_BYTES, end - at))
    number = 0
    for count, byte in enumerate(held):
        number |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return number, at + count + 1
    reason = "a number of more than 10 bytes" if len(held) == _VARINT_BYTES else "the file ends inside a number"
    raise BrokenError(at, reason)


def content(stream: Readable, field: Field, limit: int) -> bytes:
    """The bytes that a field holds, at most `limit` of them."""
    stream.seek(field.start)
    return stream.read(min(field.end - field.start, limit))


def head(number: int, length: int) -> bytes:
    """What stands before the bytes of a field that holds so many."""
    return _written(number << 3 | LENGTH) + _written(length)


def _written(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])

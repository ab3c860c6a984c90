"""Where a file that protobuf refuses to parse is broken: the first bad byte, and the fields that lead to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mlconvert_plugins.onnxfile.wire_format import LENGTH, BrokenError, Field, content, fields

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

# How deep protobuf's own parsers go (its `recursion limit`).
_DEPTH = 100
_MAX_TEXT = 2**20


@dataclass(frozen=True)
class Broken:
    """The first byte that cannot be read, why, and inside which field (`graph.node[3].attribute[0]`)."""

    offset: int
    reason: str
    inside: str


def locate(path: Path) -> Broken:
    """Look for the first broken field of an ONNX file, following onnx.proto's descriptors."""
    import onnx

    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        try:
            _walk(stream, onnx.ModelProto.DESCRIPTOR, 0, size, ())
        except _FoundError as found:
            return Broken(found.offset, found.reason, ".".join(found.inside))
    return Broken(0, "protobuf cannot parse it", "")


class _FoundError(Exception):
    def __init__(self, offset: int, reason: str, inside: tuple[str, ...]) -> None:
        super().__init__(reason)
        self.offset, self.reason, self.inside = offset, reason, inside


def _walk(stream: BinaryIO, kind: Descriptor, start: int, end: int, inside: tuple[str, ...]) -> None:
    if len(inside) > _DEPTH:
        raise _FoundError(start, f"messages nested more than {_DEPTH} deep", inside)
    seen: dict[int, int] = {}
    try:
        for field in fields(stream, start, end):
            known = kind.fields_by_number.get(field.number)
            if known is not None:
                name = f"{known.name}[{seen.get(field.number, 0)}]" if known.is_repeated else known.name
                seen[field.number] = seen.get(field.number, 0) + 1
                _check(stream, known, field, (*inside, name))
    except BrokenError as error:
        raise _FoundError(error.offset, error.reason, inside) from error


def _check(stream: BinaryIO, known: FieldDescriptor, field: Field, inside: tuple[str, ...]) -> None:
    if known.message_type is not None and field.wire == LENGTH:
        _walk(stream, known.message_type, field.start, field.end, inside)
    elif known.type == known.TYPE_STRING and field.wire == LENGTH:
        try:
            content(stream, field, _MAX_TEXT).decode("utf-8")
        except UnicodeDecodeError as error:
            if field.end - field.start <= _MAX_TEXT:
                raise _FoundError(field.start + error.start, "a text that is not UTF-8", inside) from error
    elif known.is_packed and field.wire == LENGTH:
        _check_packed(stream, known, field, inside)


def _check_packed(stream: BinaryIO, known: FieldDescriptor, field: Field, inside: tuple[str, ...]) -> None:
    """Packed numbers: fixed ones fill the field exactly, and a varint ends inside it."""
    length = field.end - field.start
    width = {known.TYPE_FLOAT: 4, known.TYPE_DOUBLE: 8}.get(known.type)
    if width is not None and length % width:
        raise _FoundError(field.start, f"{length} bytes of numbers of {width} bytes", inside)
    if width is None and length:
        stream.seek(field.end - 1)
        if stream.read(1)[0] > 0x7F:
            raise _FoundError(field.end - 1, "the field ends inside a number", inside)

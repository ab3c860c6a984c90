"""The outer fields of an ONNX file, read without a library: what it says about itself, and whether it is whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxfile.wire_format import LENGTH, VARINT, BrokenError, Field, content, fields

# ModelProto's fields in onnx.proto, with their wire types.
IR_VERSION, PRODUCER_NAME, PRODUCER_VERSION, DOMAIN, MODEL_VERSION, DOC_STRING, GRAPH, OPSET_IMPORT = range(1, 9)
METADATA_PROPS, TRAINING_INFO, FUNCTIONS, CONFIGURATION = 14, 20, 25, 26
_NAMES = {GRAPH: "graph", OPSET_IMPORT: "opset_import", METADATA_PROPS: "metadata_props", FUNCTIONS: "functions"}
_WIRES = {
    **dict.fromkeys((IR_VERSION, MODEL_VERSION), VARINT),
    **dict.fromkeys((PRODUCER_NAME, PRODUCER_VERSION, DOMAIN, DOC_STRING, GRAPH, OPSET_IMPORT), LENGTH),
    **dict.fromkeys((METADATA_PROPS, TRAINING_INFO, FUNCTIONS, CONFIGURATION), LENGTH),
}
# A message that starts with a small varint and a short text is a model of some kind; a longer "text" is a
# TensorFlow SavedModel, whose second field is its graph.
_MAX_IR_VERSION = 1000
_MAX_TEXT = 1024
# Every writer puts ir_version first (field 1, varint).
_FIRST_BYTE = b"\x08"


@dataclass
class Header:
    """What the outer fields say. `graphs` counts the graph fields; a writer may split the graph over several."""

    ir_version: int = 0
    producer: str = ""
    producer_version: str = ""
    opsets: dict[str, int] = field(default_factory=dict)
    graphs: int = 0
    functions: int = 0


def read(path: Path) -> Header | None:
    """The header of an ONNX file, or None when it is no such file. Reads the outer fields alone, whatever its size.

    Raises ConversionError (`broken-file`) for an ONNX file that is cut short or damaged, with the byte where.
    """
    if path.is_dir():
        return None
    try:
        with path.open("rb") as stream:
            return _read(path, stream)
    except OSError as error:
        message = f"{path.name} cannot be read: {error.strerror}"
        raise ConversionError(message, code="unreadable", where=path.name, fix="check its permissions") from error


def _read(path: Path, stream: BinaryIO) -> Header | None:
    named = path.suffix == ".onnx"
    size = stream.seek(0, 2)
    stream.seek(0)
    if stream.read(1) != _FIRST_BYTE:
        if size == 0 and named:
            raise broken(path, 0, "the file is empty")
        return None
    header = Header()
    try:
        for one in fields(stream, 0, size):
            if not _fits(one):
                return None
            _note(header, one, stream)
    except BrokenError as error:
        if named or header.producer or header.opsets or header.graphs or error.number == GRAPH:
            inside = _NAMES.get(error.number, "")
            raise broken(path, error.offset, error.reason, inside) from error
        return None
    if not header.graphs and (named or header.opsets):
        raise broken(path, size, "the file ends before its graph")
    return header if header.graphs else None


def broken(path: Path, offset: int, reason: str, inside: str = "") -> ConversionError:
    """The error for a damaged file."""
    place = f" ({inside})" if inside else ""
    return ConversionError(
        f"{path.name} is broken at byte {offset}{place}: {reason}",
        code="broken-file",
        where=path.name,
        fix="copy or export the file again",
    )


def _fits(one: Field) -> bool:
    """Whether the field can stand here in an ONNX model; a number that onnx.proto does not have yet can."""
    if one.wire != _WIRES.get(one.number, one.wire):
        return False
    if one.number == IR_VERSION:
        return 0 < one.value <= _MAX_IR_VERSION
    text = one.number in (PRODUCER_NAME, PRODUCER_VERSION, DOMAIN)
    return not (text and one.end - one.start > _MAX_TEXT)


def _note(header: Header, one: Field, stream: BinaryIO) -> None:
    if one.number == IR_VERSION:
        header.ir_version = one.value
    elif one.number == PRODUCER_NAME:
        header.producer = _text(stream, one)
    elif one.number == PRODUCER_VERSION:
        header.producer_version = _text(stream, one)
    elif one.number == OPSET_IMPORT:
        domain, version = _opset(stream, one)
        header.opsets[domain] = version
    elif one.number == GRAPH:
        header.graphs += 1
    elif one.number == FUNCTIONS:
        header.functions += 1


def _opset(stream: BinaryIO, one: Field) -> tuple[str, int]:
    """OperatorSetIdProto: domain = 1, version = 2."""
    domain, version = "", 0
    for inner in fields(stream, one.start, one.end):
        if inner.number == 1 and inner.wire == LENGTH:
            domain = _text(stream, inner)
        elif inner.number == 2 and inner.wire == VARINT:
            version = inner.value
    return domain, version


def _text(stream: BinaryIO, one: Field) -> str:
    return content(stream, one, _MAX_TEXT).decode("utf-8", "replace")

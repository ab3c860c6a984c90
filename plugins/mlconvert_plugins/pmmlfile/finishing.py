"""A provider's document made final: no time stamp, and rows to verify it with. The document is copied, never held."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, BinaryIO

from mlconvert.errors import ConversionError
from mlconvert.signature import Signature
from mlconvert_plugins.pmmlfile import outline as outlines
from mlconvert_plugins.pmmlfile import verification
from mlconvert_plugins.pmmlfile.errors import BrokenDocumentError

_CHUNK = 2**20
_END = re.compile(rb"</(?:[^\s<>:]+:)?Timestamp\s*>")


def finish(path: Path, signature: Signature, golden: verification.Golden | None, scratch: Path) -> dict[str, Any]:
    """Take the header's time stamp out, and put the golden vectors in as the model's `ModelVerification`, in place.

    `scratch` is a folder on the same file system. Returns facts. Raises ConversionError for a document that is broken,
    is not in UTF-8, or asks for fields that are no columns of the signature.
    """
    found = outlines.read(path)
    if found.verification_rows:
        raise BrokenDocumentError("it has rows already", "ModelVerification", fix="export it without them")
    cuts, facts = _cuts(path, found), {"verification_rows": 0}
    if golden is not None:
        rows = verification.write(found, signature, golden)
        _check_encoding(path)
        end = _indented(path, found.model_end)
        cuts.append((end, end, rows.encode()))
        facts["verification_rows"] = rows.count("<row>")
    made = scratch / "finished.pmml"
    with path.open("rb") as source, made.open("wb") as out:
        _copy(source, out, cuts)
    made.replace(path)
    return facts


def _cuts(path: Path, found: outlines.Outline) -> list[tuple[int, int, bytes]]:
    """From where to where, and what to put there, in order."""
    if found.timestamp is None:
        return []
    start, end = found.timestamp
    with path.open("rb") as stream:
        stream.seek(end)
        # An empty element has no end tag: the parser then says where it ends.
        tag = _END.match(stream.read(_CHUNK))
        end += 0 if tag is None else len(tag[0])
    return [(_indented(path, start, b" \t\r\n"), end, b"")]


def _indented(path: Path, place: int, white: bytes = b" \t") -> int:
    """Where the white space before a tag begins."""
    before = 256
    with path.open("rb") as stream:
        stream.seek(max(0, place - before))
        text = stream.read(min(before, place))
    return place - (len(text) - len(text.rstrip(white)))


def _check_encoding(path: Path) -> None:
    """The rows are written in UTF-8, into a document in it. Raises ConversionError."""
    with path.open("rb") as stream:
        head = stream.read(200)
    declared = re.search(rb"""<\?xml[^>]*encoding=["']([^"']+)""", head)
    if head.startswith((b"\xfe\xff", b"\xff\xfe")) or (declared and declared[1].lower() not in (b"utf-8", b"us-ascii")):
        raise ConversionError(
            "the document is not in UTF-8", code="bad-pmml", where=path.name, fix="export it in UTF-8"
        )


def _copy(source: BinaryIO, out: BinaryIO, cuts: list[tuple[int, int, bytes]]) -> None:
    done = 0
    for start, end, instead in cuts:
        _copy_bytes(source, out, start - done)
        out.write(instead)
        source.seek(end)
        done = end
    while chunk := source.read(_CHUNK):
        out.write(chunk)


def _copy_bytes(source: BinaryIO, out: BinaryIO, count: int) -> None:
    while count > 0 and (chunk := source.read(min(_CHUNK, count))):
        out.write(chunk)
        count -= len(chunk)

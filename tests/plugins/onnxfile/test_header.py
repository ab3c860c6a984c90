"""The outer fields of an ONNX file: told from other files, and from broken ones, without a library."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import onnx
import pytest

from graphs import model, write
from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxfile import header

RELU = "g (float[N] x) => (float[N] y) { y = Relu(x) }"


def test_it_says_what_the_file_says_about_itself(tmp_path: Path) -> None:
    proto = model(RELU, domains=', "com.microsoft" : 1')
    proto.producer_name, proto.producer_version = "tester", "1.2"
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    found = header.read(tmp_path / "m.onnx")
    assert found == header.Header(8, "tester", "1.2", {"": 17, "com.microsoft": 1}, graphs=1)


def test_it_reads_the_outer_fields_alone(tmp_path: Path) -> None:
    """A graph of 3 GiB (a hole in the file) is passed over, not read."""
    path = tmp_path / "m.onnx"
    size = 3 * 2**30
    head = b"\x08\x08" + b"\x42\x02\x10\x11" + b"\x3a" + _varint(size)
    with path.open("wb") as stream:
        stream.write(head)
        stream.truncate(len(head) + size)
    found = header.read(path)
    assert found is not None and found.opsets == {"": 17}


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def test_a_truncated_file_is_broken_wherever_it_is_cut(tmp_path: Path) -> None:
    proto = model(RELU)
    proto.producer_name = "tester"
    whole = proto.SerializeToString()
    path = tmp_path / "m.onnx"
    for size in range(len(whole) - 1):
        path.write_bytes(whole[:size])
        try:
            found = header.read(path)
        except ConversionError as error:
            assert error.code == "broken-file"
            assert f"at byte {_first_cut(whole, size)}" in error.message, size
        else:
            # The cut fell between two outer fields behind the graph, which only its opsets tell.
            assert found is not None and found.opsets == {}


def _first_cut(whole: bytes, size: int) -> int:
    """Where the outer field stands that a cut after `size` bytes breaks, by protobuf's own account of the sizes."""
    at = 0
    stream = io.BytesIO(whole)
    from mlconvert_plugins.onnxfile.wire_format import fields

    for field in fields(stream, 0, len(whole)):
        if field.end > size:
            break
        at = field.end
    return at


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", b"just a text file\n"),
        ("model.onnx", b"just a text file\n"),
        ("saved_model.pb", b"\x08\x01\x12" + _varint(5000) + b"\x0a" * 5000),
        ("graph.pb", b"\x0a\x04\x0a\x02ab"),
        ("empty.bin", b""),
        ("number.bin", b"\x08\x08\x10\x03"),
        ("archive.pt", b"PK\x03\x04 and so on"),
    ],
)
def test_another_file_is_no_onnx_file(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert header.read(tmp_path / name) is None


def test_a_zip_and_a_folder_are_no_onnx_files(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.onnx", "w") as archive:
        archive.writestr("a", "b")
    assert header.read(tmp_path / "m.onnx") is None
    assert header.read(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"\x08", b"\x08\x08", b"\x08\x08\x42\x02\x10\x11"])
def test_an_onnx_file_without_a_graph_is_broken(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(ConversionError, match="broken at byte") as caught:
        header.read(tmp_path / "m.onnx")
    assert caught.value.code == "broken-file"


def test_every_field_of_onnx_proto_is_known() -> None:
    """A field that a newer onnx adds shows here."""
    assert set(onnx.ModelProto.DESCRIPTOR.fields_by_number) == set(header._WIRES)


def test_it_needs_no_library(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", RELU)
    code = (
        "import sys; from pathlib import Path; from mlconvert_plugins.onnx import Onnx;"
        f"assert Onnx().sniff(Path({str(path)!r})) == '';"
        "assert not {'numpy', 'onnx', 'onnx_ir', 'onnxruntime', 'google'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from mlconvert import wire
from mlconvert.artifact import Artifact
from mlconvert.errors import Fault, Refusal
from mlconvert.format import Verdict
from mlconvert.host import Gpu, Host
from mlconvert.signature import Column, DimRange, Signature, Tensor
from mlconvert.stage import Outcome, Suspect, Tolerance

SIGNATURE = Signature(
    (Tensor("x", "float32", ("batch", None, 3), (0.0, 1.0)),),
    (Tensor("y", "float32", ("2*batch",)),),
    {"batch": DimRange(1, 8, None)},
    (Column("city", "categorical", ("Bern", 7)),),
    (0, 1),
)
VALUES = [
    None,
    True,
    -7,
    1e300,
    "text with \x1b[31m and \ud800",
    [1, [2.5, None]],
    (1, (2, [3])),
    {"a": 1, 2: ("b",), ("c", 3): None, "$": "tuple", "v": []},
    Path("/a/b"),
    SIGNATURE,
    Artifact(Path("m.onnx"), "onnx", None, SIGNATURE, (Path("m.data"),), "net.py:make"),
    Outcome(SIGNATURE, {"a": [1, 2]}, "rtx"),
    Refusal("code", "message", "where", "fix"),
    Fault("conversion", "message", refusals=(Refusal("a", "b"), Refusal("c", "d"))),
    Verdict("no", "reason"),
    Host("Linux", "x86_64", "3.11", (Gpu("H200", "sm_90", "580"),)),
    Tolerance(atol=1e-6),
    Suspect("node", "Conv", "net.layer1", 0.5),
]


def crossed(value: Any, folder: Path | None = None) -> Any:
    return wire.decode(json.loads(json.dumps(wire.encode(value, folder))), folder)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_crosses(value: Any) -> None:
    assert crossed(value) == value
    assert type(crossed(value)) is type(value)


def test_floats_that_are_no_numbers_cross() -> None:
    nan, infinity = crossed([math.nan, -math.inf])
    assert math.isnan(nan)
    assert infinity == -math.inf


DTYPES = [
    "bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
]  # fmt: skip
SMALL = ["bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4", "float4_e2m1fn"]


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES + SMALL)
def test_an_array_crosses(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    kind = np.dtype(getattr(ml_dtypes, dtype) if dtype in SMALL else dtype)
    array = np.arange(math.prod(shape)).reshape(shape).astype(kind)
    other = crossed({"x": array}, tmp_path)["x"]
    assert other.dtype == kind
    assert other.shape == shape
    assert np.array_equal(other.astype(np.complex128), array.astype(np.complex128))
    assert not list(tmp_path.iterdir())


def test_an_array_that_is_not_contiguous_crosses(tmp_path: Path) -> None:
    array = np.arange(24.0).reshape(4, 6)[::2, ::-3]
    assert np.array_equal(crossed(array, tmp_path), array)
    half = np.arange(24).reshape(4, 6).astype(ml_dtypes.bfloat16).T
    assert np.array_equal(crossed(half, tmp_path), half)


def test_text_and_scalars_of_numpy_cross(tmp_path: Path) -> None:
    words = np.array([["a", "böse"], ["", "d"]], dtype=object)
    other = crossed(words, tmp_path)
    assert other.dtype == object
    assert np.array_equal(other, words)
    assert np.array_equal(crossed(np.array(["a", "bc"]), tmp_path), np.array(["a", "bc"]))
    assert crossed([np.float32(0.5), np.int64(3), np.bool_(True), np.str_("a")]) == [0.5, 3, True, "a"]


def test_an_array_reaches_no_file_outside_its_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside.npy"
    np.save(outside, np.zeros(3))
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(FileNotFoundError):
        wire.decode({"$": "array", "v": "../outside.npy", "dtype": "float64"}, folder)
    assert outside.exists()


def test_what_does_not_cross() -> None:
    with pytest.raises(TypeError, match="object does not cross"):
        wire.encode({"a": [object()]})
    with pytest.raises(KeyError):
        wire.decode({"$": "Popen", "v": {}})


def test_frames() -> None:
    stream = io.BytesIO()
    for message in ({"a": 1}, {}, {"text": "é\ud800"}):
        wire.send(stream, message)
    whole = stream.getvalue()
    stream.seek(0)
    assert [wire.receive(stream) for _ in range(4)] == [{"a": 1}, {}, {"text": "é\ud800"}, None]
    for length in (0, 3, 8, 9):
        assert wire.receive(io.BytesIO(whole[:length])) is None

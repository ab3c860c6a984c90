"""Saved models hold the same tensors, in the same bytes each time, inline or in one file named after its content."""

from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import numpy_helper

from graphs import model
from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxfile import saving
from mlconvert_plugins.onnxfile.audit import validate
from mlconvert_plugins.onnxfile.opening import open_model

GENERATOR = np.random.default_rng(0)
ARRAYS = {
    "big": GENERATOR.standard_normal((40, 30)).astype(np.float32),
    "half": GENERATOR.standard_normal(700).astype(np.float16),
    "brain": GENERATOR.standard_normal(700).astype(ml_dtypes.bfloat16),
    "nibbles": GENERATOR.integers(-8, 8, 4001).astype(ml_dtypes.int4),
    "flags": GENERATOR.random(2000) < 0.5,
    "scalar": np.float32(3),
    "empty": np.zeros((0, 4), np.float32),
    "axes": np.int64([1, 2]),
    "words": np.array(["a", "bc"] * 600, dtype=object),
}


def _model() -> ir.Model:
    proto = model("g (float[N] x) => (float[N] y) { y = Relu(x) }", opset=21, ir_version=10)
    proto.producer_name = "tester"
    proto.graph.node[0].metadata_props.add(key="module", value="net.relu")
    for name, array in ARRAYS.items():
        proto.graph.initializer.append(numpy_helper.from_array(array, name))
    return ir.from_proto(proto)


@pytest.fixture(params=["inline", "external"])
def above(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of writing weights; the limit between them is lowered to what a test can write."""
    if request.param == "external":
        monkeypatch.setattr(saving, "EXTERNAL_ABOVE", 2000)
    return str(request.param)


@pytest.mark.usefixtures("above")
def test_every_tensor_comes_back(tmp_path: Path) -> None:
    saving.save(_model(), tmp_path / "m.onnx")
    proto = onnx.load(tmp_path / "m.onnx")
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype and np.array_equal(found[name], array), name


@pytest.mark.usefixtures("above")
def test_the_rest_of_the_model_comes_back(tmp_path: Path) -> None:
    saving.save(_model(), tmp_path / "m.onnx")
    found, made = validate(tmp_path / "m.onnx"), ir.to_proto(_model())
    for proto in (found, made):
        proto.graph.ClearField("initializer")
    assert found == made


@pytest.mark.usefixtures("above")
def test_the_model_is_as_before(tmp_path: Path) -> None:
    built = _model()
    before = ir.to_proto(built)
    saving.save(built, tmp_path / "m.onnx")
    assert ir.to_proto(built) == before


def test_the_same_bytes_each_time_in_any_folder(above: str, tmp_path: Path) -> None:
    found = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        files = saving.save(_model(), tmp_path / name / "m.onnx")
        found.append([(file.name, file.read_bytes()) for file in files])
    assert found[0] == found[1] and len(found[0]) == (2 if above == "external" else 1)


def test_the_data_file_bears_its_digest_and_nothing_else_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "EXTERNAL_ABOVE", 2000)
    files = saving.save(_model(), tmp_path / "net.onnx")
    digest = hashlib.sha256(files[1].read_bytes()).hexdigest()
    assert files == [tmp_path / "net.onnx", tmp_path / f"net.{digest[:12]}.data"]
    assert sorted(tmp_path.iterdir()) == sorted(files)


def test_external_offsets_are_pages_and_small_tensors_stay_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "EXTERNAL_ABOVE", 2000)
    saving.save(_model(), tmp_path / "m.onnx")
    proto = onnx.load(tmp_path / "m.onnx", load_external_data=False)
    outside = {tensor.name: tensor for tensor in proto.graph.initializer if tensor.external_data}
    assert set(outside) == {"big", "half", "brain", "nibbles", "flags"}
    offsets = [int(entry.value) for t in outside.values() for entry in t.external_data if entry.key == "offset"]
    assert all(offset % 4096 == 0 for offset in offsets) and len(set(offsets)) == len(offsets)


def test_a_shared_tensor_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "EXTERNAL_ABOVE", 2000)
    built = _model()
    tensor = ir.tensor(np.ones(5000, np.float32), name="tied")
    for name in ("first", "second"):
        built.graph.register_initializer(ir.Value(name=name, const_value=tensor))
    alone = saving.save(_model(), tmp_path / "alone.onnx")[1].stat().st_size
    files = saving.save(built, tmp_path / "m.onnx")
    proto = onnx.load(files[0])
    for name in ("first", "second"):
        found = next(tensor for tensor in proto.graph.initializer if tensor.name == name)
        assert np.array_equal(numpy_helper.to_array(found), np.ones(5000, np.float32))
    assert files[1].stat().st_size <= alone + saving.PAGE + 20000


def test_external_data_is_copied_from_the_models_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "EXTERNAL_ABOVE", 2000)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = saving.save(_model(), tmp_path / "a" / "m.onnx")
    second = saving.save(open_model(first[0]), tmp_path / "b" / "m.onnx")
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]


def test_weights_do_not_pile_up_in_memory(tmp_path: Path) -> None:
    """Eight lazy weights of 8 MiB are written with one of them in memory at a time."""
    built = ir.from_proto(model("g (float[N] x) => (float[N] y) { y = Relu(x) }"))
    for number in range(8):
        lazy = ir.LazyTensor(
            lambda number=number: ir.tensor(np.full(2**21, number, np.float32)),
            dtype=ir.DataType.FLOAT,
            shape=ir.Shape([2**21]),
            name=f"w{number}",
        )
        built.graph.register_initializer(ir.Value(name=f"w{number}", const_value=lazy))
    tracemalloc.start()
    saving.save(built, tmp_path / "m.onnx")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 8 * 2**20
    found = onnx.load(tmp_path / "m.onnx").graph.initializer[7]
    assert np.array_equal(numpy_helper.to_array(found), np.full(2**21, 7, np.float32))


def test_what_no_file_can_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "MESSAGE_LIMIT", 20000)
    ones = ",".join(["1"] * 6000)
    text = f"g (float[6000] x) => (float[6000] y) {{ c = Constant<value = float[6000] {{{ones}}}>()  y = Add(x, c) }}"
    built = ir.from_proto(model(text))
    with pytest.raises(ConversionError) as caught:
        saving.save(built, tmp_path / "m.onnx")
    assert caught.value.code == "too-large"

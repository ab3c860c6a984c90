"""What stands out in an ONNX file is said in a few words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from graphs import external, model, six, write
from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxfile.description import describe


def _notes(path: Path) -> str:
    return "\n".join(describe(path)["notes"])


def test_a_plain_model(tmp_path: Path) -> None:
    text = "g (float[N,4] x) => (float[N,4] y) { a = Add(x, w)  b = Relu(a)  y = Add(b, w) }"
    proto = model(text, w=np.ones(4, np.float32))
    proto.producer_name, proto.producer_version = "tester", "1.0"
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    found = describe(tmp_path / "m.onnx")
    assert json.loads(json.dumps(found)) == {
        "ir_version": 8,
        "opsets": {"ai.onnx": 17},
        "producer": "tester 1.0",
        "nodes": 3,
        "operators": {"Add": 2, "Relu": 1},
        "functions": 0,
        "parameters": 4,
        "parameter_bytes": 16,
        "external_data": {},
        "notes": [],
    }
    assert list(found["operators"]) == ["Add", "Relu"]


def test_external_data_is_listed_by_name(tmp_path: Path) -> None:
    (tmp_path / "w.data").write_bytes(six())
    assert describe(external(tmp_path / "m.onnx"))["external_data"] == {"w.data": 24}


def test_integers_beyond_int32_stand_out(tmp_path: Path) -> None:
    text = "g (int64[N] x) => (int64[N] y) { y = Add(x, big) }"
    assert "beyond INT32 in big" in _notes(write(tmp_path / "m.onnx", text, big=np.int64([2**40])))


def test_the_end_of_a_slice_does_not(tmp_path: Path) -> None:
    text = "g (float[N,4] x) => (float[N,3] y) { y = Slice(x, one, end, one) }"
    assert _notes(write(tmp_path / "m.onnx", text, one=np.int64([1]), end=np.int64([2**63 - 1]))) == ""


def test_a_fixed_batch_stands_out(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", "g (float[2,4] x) => (float[2,4] y) { y = Relu(x) }")
    assert "the first one of 'x' is 2" in _notes(path)


def test_one_input_with_a_fixed_batch_stands_out(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", "g (float[N,4] x, float[2,4] z) => (float[N,4] y) { y = Relu(x) }")
    assert "the first dim of z is fixed, others are dynamic" in _notes(path)


def test_a_reshape_that_bakes_the_batch_in_stands_out(tmp_path: Path) -> None:
    text = "g (float[N,4] x) => (float[2,2,2] y) { [fold] y = Reshape(x, shape) }"
    assert "Reshape node 'fold'" in _notes(write(tmp_path / "m.onnx", text, shape=np.int64([2, 2, 2])))
    assert "Reshape" not in _notes(write(tmp_path / "m.onnx", text, shape=np.int64([-1, 2, 2])))


def test_unused_weights_foreign_operators_and_control_flow_stand_out(tmp_path: Path) -> None:
    branches = "then_branch = a () => (float[N] p) { p = Relu(z) }, else_branch = b () => (float[N] q) { q = Neg(z) }"
    text = f"g (bool c, float[N] x) => (float[N] y) {{ z = my.Foo(x)  y = If(c) <{branches}> }}"
    notes = _notes(write(tmp_path / "m.onnx", text, domains=', "my" : 1', idle=np.ones(3, np.float32)))
    assert "unused initializers: idle" in notes and "operators of my" in notes and "control flow: 1 If" in notes


def test_a_tensor_that_is_cut_short_is_an_error_of_the_file(tmp_path: Path) -> None:
    proto = model("g (int64[N] x) => (int64[N] y) { y = Add(x, w) }", w=np.int64([1, 2, 3]))
    proto.graph.initializer[0].raw_data = bytes(12)
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(ConversionError) as caught:
        describe(tmp_path / "m.onnx")
    assert caught.value.code == "invalid-model" and "'w'" in caught.value.message

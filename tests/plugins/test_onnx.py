"""The onnx format: what a file says about itself, with nothing taken on trust."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

from graphs import external, model, six, write
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.host import Host
from mlconvert.signature import Signature, Tensor
from mlconvert_plugins.onnx import Onnx
from mlconvert_plugins.onnxfile.signature import DTYPES

FORMAT = Onnx()
HOST = Host("Linux", "x86_64", "3.11")
RELU = "g (float[batch,3] x) => (float[batch,3] y) { y = Relu(x) }"


def _signature(path: Path) -> Signature:
    return FORMAT.signature(Artifact(path, "onnx"))


def _refused(path: Path) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        _signature(path)
    return caught.value


def test_it_knows_its_own_files(tmp_path: Path) -> None:
    path = write(tmp_path / "named_otherwise.bin", RELU)
    assert FORMAT.sniff(path) == ""
    assert FORMAT.executes(path, None) is None
    (tmp_path / "m.txt").write_text("no model")
    assert FORMAT.sniff(tmp_path / "m.txt") is None


def test_the_signature_has_names_dtypes_and_dims_in_order(tmp_path: Path) -> None:
    text = "g (int64[batch,seq] ids, bool[batch,1,seq] mask, float scale) => (float[batch,4] y, int64[k] at) { %s }"
    nodes = "f = Cast<to = 1>(ids)  y = Mul(f, scale)  at = NonZero(mask)"
    assert _signature(write(tmp_path / "m.onnx", text % nodes)) == Signature(
        inputs=(
            Tensor("ids", "int64", ("batch", "seq")),
            Tensor("mask", "bool", ("batch", 1, "seq")),
            Tensor("scale", "float32", ()),
        ),
        outputs=(Tensor("y", "float32", ("batch", 4)), Tensor("at", "int64", ("k",))),
    )


def test_an_input_that_an_initializer_gives_is_none(tmp_path: Path) -> None:
    text = "g (float[N] x, float[1] w) => (float[N] y) { y = Add(x, w) }"
    found = _signature(write(tmp_path / "m.onnx", text, w=np.float32([1])))
    assert [tensor.name for tensor in found.inputs] == ["x"]


def test_dims_of_any_text(tmp_path: Path) -> None:
    proto = model(RELU)
    x, y = proto.graph.input[0].type.tensor_type.shape, proto.graph.output[0].type.tensor_type.shape
    x.dim[0].dim_param, x.dim[1].dim_param = "s16", "batch size"
    y.dim[0].dim_param, y.dim[1].dim_param = "((s16-1)//2)+1", "batch size"
    x.dim.add()
    y.dim.add(dim_value=-1)
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    found = _signature(tmp_path / "m.onnx")
    assert found.inputs[0].shape == ("s16", "batch_size", None)
    assert found.outputs[0].shape == ("((s16-1)//2)+1", "batch_size", None)


@pytest.mark.parametrize(("number", "name"), DTYPES.items())
def test_dtypes_are_onnxs_own(number: int, name: str) -> None:
    """Held against onnx's table, not against a copy of ours."""
    assert name == ("string" if number == TensorProto.STRING else helper.tensor_dtype_to_np_dtype(number).name)


def test_a_sequence_is_refused(tmp_path: Path) -> None:
    error = _refused(write(tmp_path / "m.onnx", "g (seq(float[N]) s) => (int64 y) { y = SequenceLength(s) }"))
    assert error.code == "not-a-tensor" and "'s' is a sequence" in error.message


def test_an_element_type_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    proto = model(RELU)
    proto.graph.input[0].type.tensor_type.elem_type = 77
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    assert _refused(tmp_path / "m.onnx").code == "unsupported-dtype"


def test_an_output_without_a_shape_is_inferred(tmp_path: Path) -> None:
    proto = model(RELU)
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    assert _signature(tmp_path / "m.onnx").outputs == (Tensor("y", "float32", ("batch", 3)),)


def test_an_input_without_a_shape_is_refused(tmp_path: Path) -> None:
    proto = model(RELU)
    proto.graph.input[0].type.tensor_type.ClearField("shape")
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    error = _refused(tmp_path / "m.onnx")
    assert error.code == "unknown-rank" and "'x'" in error.message


def test_live_models_are_adopted(tmp_path: Path) -> None:
    proto = model(RELU)
    for name, live in (("proto", proto), ("ir", ir.from_proto(proto))):
        path = tmp_path / f"{name}.onnx"
        assert FORMAT.adopt(live, path) == ""
        assert onnx.load(path) == ir.to_proto(ir.from_proto(proto))
    assert FORMAT.adopt(object(), tmp_path / "no.onnx") is None and not (tmp_path / "no.onnx").exists()


def test_a_live_model_without_its_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w.data").write_bytes(six())
    live = onnx.load(external(tmp_path / "m.onnx"), load_external_data=False)
    with pytest.raises(ConversionError) as caught:
        FORMAT.adopt(live, tmp_path / "out.onnx")
    assert caught.value.code == "external-data-missing"
    assert FORMAT.adopt(onnx.load(tmp_path / "m.onnx"), tmp_path / "out.onnx") == ""


def test_side_files_are_the_external_data(tmp_path: Path) -> None:
    (tmp_path / "w.data").write_bytes(six())
    assert FORMAT.side_files(external(tmp_path / "m.onnx")) == (tmp_path / "w.data",)
    assert FORMAT.side_files(write(tmp_path / "plain.onnx", RELU)) == ()


@pytest.mark.parametrize(
    ("opset", "ir_version", "domains", "answer"),
    [(17, 8, "", "yes"), (99, 8, "", "unknown"), (17, 99, "", "unknown"), (17, 8, ', "my" : 1', "unknown")],
)
def test_where_it_loads(opset: int, ir_version: int, domains: str, answer: str, tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", RELU, opset=opset, ir_version=ir_version, domains=domains)
    verdict = FORMAT.loads_on(path, HOST)
    assert verdict.answer == answer and verdict.reason


def test_it_loads_nowhere_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("no model")
    assert FORMAT.loads_on(tmp_path / "m.txt", HOST).answer == "no"


def test_damaged_files_raise_nothing_but_conversion_errors(tmp_path: Path) -> None:
    """Bits turned over and bytes cut out at seeded places."""
    text = "g (float[batch,3] x) => (float[batch,3] y) { [add] a = Add(x, w)  y = Softmax<axis = 1>(a) }"
    whole = model(text, w=np.ones(3, np.float32)).SerializeToString()
    generator = np.random.default_rng(0)
    path = tmp_path / "m.onnx"
    outcomes = set()
    for _ in range(400):
        damaged = bytearray(whole)
        at = int(generator.integers(len(damaged)))
        damaged[at] ^= 1 << int(generator.integers(8))
        del damaged[at : at + int(generator.choice([0, 0, 0, 5]))]
        path.write_bytes(damaged)
        try:
            FORMAT.sniff(path)
            _signature(path)
            FORMAT.describe(path)
        except ConversionError as error:
            outcomes.add(error.code)
            assert "\n" not in error.message
    assert {"broken-file", "unknown-field"} <= outcomes

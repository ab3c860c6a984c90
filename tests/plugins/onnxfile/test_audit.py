"""A broken model is refused before anybody runs it, and the refusal names the node."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from graphs import model, write
from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxfile.audit import validate

X_TO_Y = "g (float[N] x) => (float[N] y)"
CASES = {
    "unknown-op": (f"{X_TO_Y} {{ [here] y = Foo(x) }}", "Foo node 'here'"),
    "cyclic-graph": (f"{X_TO_Y} {{ [here] y = Add(x, z)  z = Relu(y) }}", "'here'"),
    "unsorted-graph": (f"{X_TO_Y} {{ [here] y = Add(x, z)  z = Relu(x) }}", "Add node 'here'"),
    "missing-tensor": (f"{X_TO_Y} {{ [here] y = Add(x, zz) }}", "'zz'"),
    "duplicate-tensor": (f"{X_TO_Y} {{ y = Relu(x)  [here] y = Sigmoid(x) }}", "Sigmoid node 'here'"),
    "invalid-model": (f"{X_TO_Y} {{ [here] y = Relu<alpha = 1>(x) }}", "Relu node 'here': Unrecognized attribute"),
}


def _refused(path: Path) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        validate(path)
    return caught.value


@pytest.mark.parametrize("code", CASES)
def test_a_broken_model_is_refused_by_node(code: str, tmp_path: Path) -> None:
    text, named = CASES[code]
    error = _refused(write(tmp_path / "m.onnx", text))
    assert error.code == code and named in error.message and error.fix
    assert "\n" not in error.message


def test_a_cycle_inside_a_subgraph_is_found(tmp_path: Path) -> None:
    then = "then_branch = a () => (float[N] p) { p = Add(x, q)  q = Relu(p) }"
    otherwise = "else_branch = b () => (float[N] r) { r = Relu(x) }"
    text = f"g (bool c, float[N] x) => (float[N] y) {{ y = If(c) <{then}, {otherwise}> }}"
    assert _refused(write(tmp_path / "m.onnx", text)).code == "cyclic-graph"


def test_a_subgraph_may_use_what_stands_around_it(tmp_path: Path) -> None:
    then = "then_branch = a () => (float[N] p) { p = Add(x, w) }"
    otherwise = "else_branch = b () => (float[N] r) { r = Relu(z) }"
    text = f"g (bool c, float[N] x) => (float[N] y) {{ z = Abs(x)  y = If(c) <{then}, {otherwise}> }}"
    validate(write(tmp_path / "m.onnx", text, w=np.float32([1])))


def test_an_output_that_nothing_makes_is_refused(tmp_path: Path) -> None:
    error = _refused(write(tmp_path / "m.onnx", f"{X_TO_Y} {{ z = Relu(x) }}"))
    assert error.code == "missing-tensor" and "'y'" in error.message


@pytest.mark.parametrize(("opset", "ir_version"), [(99, 8), (17, 99)])
def test_a_model_from_the_future_is_refused(opset: int, ir_version: int, tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", f"{X_TO_Y} {{ y = Relu(x) }}", opset=opset, ir_version=ir_version)
    error = _refused(path)
    assert error.code == "opset-too-new" and "99" in error.message and "newer onnx" in error.fix


def test_an_operator_newer_than_its_opset_is_refused(tmp_path: Path) -> None:
    error = _refused(write(tmp_path / "m.onnx", f"{X_TO_Y} {{ y = Gelu(x) }}", opset=17))
    assert error.code == "unknown-op" and "opset 17 has no operator Gelu" in error.message


@pytest.mark.parametrize("domains", ["", ', "my" : 1'])
def test_an_unknown_domain_is_refused(domains: str, tmp_path: Path) -> None:
    error = _refused(write(tmp_path / "m.onnx", f"{X_TO_Y} {{ y = my.Foo(x) }}", domains=domains))
    assert error.code == "unknown-domain" and "'my'" in error.message and error.where == "my::Foo"


def test_a_model_without_opsets_is_refused(tmp_path: Path) -> None:
    proto = model(f"{X_TO_Y} {{ y = Relu(x) }}")
    proto.ClearField("opset_import")
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    assert _refused(tmp_path / "m.onnx").code == "unknown-domain"


def test_a_models_own_function_and_the_runtimes_operators_are_known(tmp_path: Path) -> None:
    text = (
        f"{X_TO_Y} {{ z = my.twice(x)  y = com.microsoft.QuickGelu(z) }}"
        ' <domain: "my", opset_import: ["" : 17]> twice (a) => (b) { b = Add(a, a) }'
    )
    validate(write(tmp_path / "m.onnx", text, domains=', "my" : 1, "com.microsoft" : 1'))


def test_what_a_target_supplies_is_let_through(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", f"{X_TO_Y} {{ y = Foo(x) }}")
    assert validate(path, supplied=["Foo"]).graph.node[0].op_type == "Foo"


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    error = _refused(write(tmp_path / "m.onnx", f"{X_TO_Y} {{ a = Foo(x)  b = Bar(q)  y = my.Baz(a) }}"))
    codes = [refusal.code for refusal in error.refusals]
    assert codes == ["missing-tensor", "unknown-op", "unknown-op", "unknown-domain"]


def test_a_tensor_of_too_few_bytes_is_refused(tmp_path: Path) -> None:
    proto = model(f"{X_TO_Y} {{ y = Add(x, w) }}", w=np.float32([1, 2, 3]))
    proto.graph.initializer[0].raw_data = b"12345"
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    error = _refused(tmp_path / "m.onnx")
    assert error.code == "invalid-model" and "5 bytes" in error.message


def test_an_unknown_field_is_refused_by_its_place(tmp_path: Path) -> None:
    proto = model(f"{X_TO_Y} {{ y = Relu(x) }}")
    # Field 99, varint 1, inside the node.
    proto.graph.node[0].MergeFromString(b"\x98\x06\x01")
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    error = _refused(tmp_path / "m.onnx")
    assert error.code == "unknown-field" and error.where == "graph.node" and "field 99" in error.message


def test_broken_bytes_inside_the_graph_are_located(tmp_path: Path) -> None:
    proto = model(f"{X_TO_Y} {{ [somewhere] y = Relu(x) }}")
    whole = bytearray(proto.SerializeToString())
    at = whole.index(b"somewhere")
    whole[at + 4] = 0xFF
    (tmp_path / "m.onnx").write_bytes(whole)
    error = _refused(tmp_path / "m.onnx")
    assert error.code == "broken-file" and f"byte {at + 4} (graph.node[0].name)" in error.message


def test_names_with_control_characters_are_shown_escaped(tmp_path: Path) -> None:
    proto = model(f"{X_TO_Y} {{ y = Foo(x) }}")
    proto.graph.node[0].name = "\x1b[31mred\n"
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    error = _refused(tmp_path / "m.onnx")
    assert "\x1b" not in error.message + error.where and "\\x1b[31mred\\n" in error.message


def test_a_valid_model_comes_back(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", f"{X_TO_Y} {{ y = Relu(x) }}")
    assert validate(path) == onnx.load(path)

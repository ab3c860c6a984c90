"""What is not supported is said by name, all at once; the table shows just what the registry and ONNX have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest

from graphs import model
from mlconvert.stage import Operator
from mlconvert_plugins.tfgraph import registry, support

MICROSOFT = ', "com.microsoft" : 1'


def said(text: str, **details: Any) -> dict[str, str]:
    """Messages by what they are about."""
    return {one.where: one.message for one in support.refusals(model(text, **details))}


@pytest.fixture(scope="module")
def table() -> dict[str, Operator]:
    return {one.name: one for one in support.operators()}


def test_operators_are_named_once_with_their_nodes() -> None:
    text = """g (float[2] x) => (float[2] y) {
        a = com.microsoft.Unheard(x)
        b = com.microsoft.Unheard(a)
        y = com.microsoft.Odd(b)
    }"""
    assert said(text, domains=MICROSOFT) == {
        "Unheard": "Unheard node 'a' and 1 more: com.microsoft::Unheard of opset 1 is not supported",
        "Odd": "Odd node 'y': com.microsoft::Odd of opset 1 is not supported",
    }


def test_subgraphs_within_subgraphs_are_searched() -> None:
    text = """g (bool c, float[2] x) => (float[2] y) {
        y = If (c) <
            then_branch = a () => (float[2] p) {
                p = If (c) <
                    then_branch = d () => (float[2] r) { r = com.microsoft.Deep(x) },
                    else_branch = e () => (float[2] s) { s = Neg(x) }
                >
            },
            else_branch = b () => (float[2] q) { q = Neg(x) }
        >
    }"""
    assert list(said(text, domains=MICROSOFT)) == ["Deep"]


def test_functions_are_searched_with_their_own_opsets() -> None:
    text = """g (float[2] x) => (float[2] y) { y = own.Twice(x) }
    <opset_import: ["" : 17, "com.microsoft" : 1], domain: "own"> Twice (a) => (b) { b = com.microsoft.Inner(a) }"""
    assert list(said(text, domains=', "own" : 1')) == ["Inner"]


def test_attributes_and_their_values_are_named() -> None:
    text = "g (float[1,1,2,2] x) => (float[1,1,4,4] y) { y = com.microsoft.Gelu<odd=1>(x) }"
    assert said(text, domains=MICROSOFT) == {
        "Gelu": "Gelu node 'y': attribute 'odd' of com.microsoft::Gelu is not supported"
    }


def test_types_that_tensorflow_has_not_are_named_with_their_tensors() -> None:
    proto = model("g (float[2] x) => (float[2] y) { y = Add(x, scale) }")
    proto.graph.initializer.add(name="scale", data_type=onnx.TensorProto.FLOAT8E8M0, dims=[2])
    (found,) = support.refusals(proto)
    assert (found.code, found.where) == ("unsupported-dtype", "scale")
    assert "TensorFlow has no type" in found.message


def test_every_definition_that_is_walked_ends_in_operators_that_are_supported(table: dict[str, Operator]) -> None:
    walked = [(one.name, version) for one in table.values() if "definition" in one.note for version in one.versions]
    unmet = []
    for name, version in walked:
        domain, _, operator = name.rpartition("::")
        if registry.find(domain, operator, version) is None:
            node = onnx.helper.make_node(operator, [], [], domain=domain)
            unmet += list(support._reasons(node, {domain: version, "": max(version, 18)}))
    assert walked and not unmet


def test_the_table_has_every_operator_of_the_newest_opset(table: dict[str, Operator]) -> None:
    newest = {schema.name for schema in onnx.defs.get_all_schemas() if not schema.domain and not schema.deprecated}
    assert newest <= table.keys()
    for name in newest:
        version = onnx.defs.get_schema(name).since_version
        assert (version in table[name].versions) != (version in table[name].missing)


def test_the_table_says_what_the_registry_has(table: dict[str, Operator]) -> None:
    assert table["Relu"].versions[-1] == 14 and not table["Relu"].missing
    assert "definition" in table["Gelu"].note or registry.find("", "Gelu", 20)
    assert not table["ai.onnx.ml::TreeEnsemble"].versions


def test_the_table_needs_no_tensorflow() -> None:
    code = "import sys; from mlconvert_plugins.tfgraph import support; print(len(list(support.operators()))); "
    code += "assert not any(name.split('.')[0] == 'tensorflow' for name in sys.modules)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_page_is_in_the_docs() -> None:
    page = Path(__file__).parents[3] / "docs" / "support" / "onnx2tf.md"
    assert "| Conv | " in page.read_text(encoding="utf-8")

"""Older opsets: what is the same model there, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from graphs import model
from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxtf.lowering import lowered, opset_of, plain

MEAN = "g (float[2,3,4] x) => (float[2,4] y) { y = ReduceMean<keepdims=0>(x, axes) }"
FUNCTION = """g (float[2] x) => (float[2] y) { y = own.Twice(x) }
<opset_import: ["" : 17], domain: "own"> Twice (a) => (b) { b = Add(a, a) }"""


def test_axes_become_an_attribute_again() -> None:
    (node,) = lowered(model(MEAN, opset=18, axes=np.array([1])), 15).graph.node
    assert (list(node.input), list(node.attribute[-1].ints)) == (["x"], [1])


def test_functions_are_inlined_and_a_new_ir_version_is_read() -> None:
    made = plain(model(FUNCTION, ir_version=1000, domains=', "own" : 1'))
    assert [node.op_type for node in made.graph.node] == ["Add"]
    assert not made.functions and made.ir_version < 1000


def test_what_an_older_opset_cannot_say_is_refused() -> None:
    proto = model("g (float[2] x) => (float[2] y) { y = Mish(x) }", opset=18)
    with pytest.raises(ConversionError, match="opset 18 cannot be said with opset 15: No Previous Version of Mish"):
        lowered(proto, 15)


def test_subgraphs_are_refused() -> None:
    text = """g (bool c, float[2] x) => (float[2] y) {
        y = If (c) <
            then_branch = a () => (float[2] p) { p = Abs(x) },
            else_branch = b () => (float[2] q) { q = Neg(x) }
        >
    }"""
    proto = model(text, opset=18)
    assert opset_of(proto) == 18
    with pytest.raises(ConversionError, match="leaves subgraphs as they are"):
        lowered(proto, 15)

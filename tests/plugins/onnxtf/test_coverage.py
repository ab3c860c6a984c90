"""Models that a converter takes which knows operators in certain versions: as they are, in an older opset, or not."""

from __future__ import annotations

import numpy as np
import pytest

from graphs import model
from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxtf.coverage import covered
from mlconvert_plugins.onnxtf.lowering import opset_of

KNOWN = {"Relu": [6, 13, 14], "ReduceMean": [11, 13], "Unsqueeze": [11]}
MEAN = "g (float[2,3,4] x) => (float[2,4] y) { a = Relu(x)  y = ReduceMean<keepdims=0>(a, axes) }"


def test_a_model_stays_as_it_is_where_all_is_known() -> None:
    proto = model("g (float[2] x) => (float[2] y) { y = Relu(x) }", opset=18)
    assert covered(proto, KNOWN, 15) is proto


def test_a_model_is_lowered_where_that_helps() -> None:
    assert opset_of(covered(model(MEAN, opset=18, axes=np.array([1])), KNOWN, 15)) == 15


def test_unknown_operators_are_named_all_at_once() -> None:
    text = "g (float[2] x) => (float[2] y) { a = Mish(x)  b = Mish(a)  y = own.Odd(b) }"
    with pytest.raises(ConversionError) as caught:
        covered(model(text, opset=18, domains=', "own" : 1'), KNOWN, 15)
    assert [(one.where, one.message) for one in caught.value.refusals] == [
        ("Mish", "Mish node 'a' and 1 more: onnx-tf has no Mish"),
        ("Odd", "Odd node 'y': onnx-tf has no own::Odd"),
    ]


def test_a_version_that_no_lowering_reaches_is_named_with_both_numbers() -> None:
    text = "g (float[2] x, int64[1] axes) => (float[1,2] y) { y = Unsqueeze(x, axes) }"
    with pytest.raises(ConversionError, match="reads Unsqueeze up to version 11, and opset 18 means 13"):
        covered(model(text, opset=18), KNOWN, 15)


def test_an_opset_from_the_future_is_refused() -> None:
    proto = model("g (float[2] x) => (float[2] y) { y = Relu(x) }")
    proto.opset_import[0].version = 1000
    with pytest.raises(ConversionError, match="the file has opset 1000"):
        covered(proto, KNOWN, 15)

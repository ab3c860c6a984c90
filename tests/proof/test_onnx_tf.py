"""onnx-tf in the environment made for it: what it converts, what is refused, and what only parity finds.

The environment takes a package index and some minutes; where it cannot be made these tests are skipped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlconvert
from graphs import write
from mlconvert import environments
from mlconvert.cache import Cache
from mlconvert.errors import ConversionError
from mlconvert_plugins.onnx2tf_onnx_tf import Onnx2TfOnnxTf

pytestmark = pytest.mark.proof
NETWORK = """g (float[batch,3,8,8] "x.1") => (float[batch,5] "y.out") {
    a = Conv<kernel_shape=[3,3], pads=[1,1,1,1]>("x.1", w)
    b = Relu(a)
    c = MaxPool<kernel_shape=[2,2], strides=[2,2]>(b)
    d = ReduceMean<keepdims=0>(c, axes)
    "y.out" = Gemm<transB=1>(d, v)
}"""


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


WEIGHTS = {"w": noise(4, 3, 3, 3), "v": noise(5, 4), "axes": np.array([2, 3])}


@pytest.fixture(scope="module", autouse=True)
def environment() -> None:
    try:
        environments.made_for(Onnx2TfOnnxTf(), Cache().root / "environments", lambda text: None)
    except ConversionError as error:
        pytest.skip(error.message)


def convert(path: Path, **more: Any) -> mlconvert.Result:
    out = path.with_suffix(".savedmodel")
    return mlconvert.convert(
        path, to="tf", out=out, via="onnx2tf.onnx_tf", isolate=True, cache=False, force=True, **more
    )


def test_a_network_keeps_its_names_its_batch_and_its_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", NETWORK, opset=18, **WEIGHTS)
    result = convert(path, dims={"batch": (1, 3, 8)})
    assert result.parity["status"] == "passed"
    (step,) = result.manifest["route"]
    assert (step["facts"], step["versions"]["onnx-tf"]) == ({"opset": 15}, "1.10.0")
    first = (result.artifact.path / "saved_model.pb").read_bytes()
    assert (convert(path).artifact.path / "saved_model.pb").read_bytes() == first


def test_what_onnx_tf_has_not_is_refused_at_once(tmp_path: Path) -> None:
    text = """g (float[2,4] x) => (float[2,4] y) {
        a = LayerNormalization(x, s)
        b = GroupNormalization<num_groups=2>(a, s, s)
        y = Mish(b)
    }"""
    with pytest.raises(ConversionError) as caught:
        convert(write(tmp_path / "m.onnx", text, opset=18, s=noise(4)))
    assert {one.where for one in caught.value.refusals} == {"LayerNormalization", "GroupNormalization", "Mish"}


def test_what_onnx_tf_needs_variables_for_is_refused(tmp_path: Path) -> None:
    text = "g (float[5,b,3] x) => (float[5,1,b,4] y) { y = LSTM<hidden_size=4>(x, w, r) }"
    with pytest.raises(ConversionError, match="onnx-tf needs variables for it"):
        convert(write(tmp_path / "m.onnx", text, opset=13, w=noise(1, 16, 3), r=noise(1, 16, 4)))

"""onnx2tf writes SavedModels that compute what ONNX Runtime computes, and refuses what it cannot, by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphs import write
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.testing import check_stage
from mlconvert_plugins.onnx2tf import Onnx2Tf
from mlconvert_plugins.tfgraph import saving
from savedmodels import check, converted, required

NETWORK = """g (float[batch,3,8,8] x) => (float[batch,5] "y.out") {
    a = Conv<kernel_shape=[3,3], pads=[1,1,1,1]>(x, w)
    b = Relu(a)
    c = GlobalAveragePool(b)
    d = Flatten(c)
    "y.out" = Gemm<transB=1>(d, v)
}"""


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


WEIGHTS = {"w": noise(4, 3, 3, 3), "v": noise(5, 4)}


@pytest.mark.parametrize("batch", [1, 3])
def test_a_network_computes_what_onnxruntime_computes(batch: int, tmp_path: Path) -> None:
    check(tmp_path, NETWORK, {"x": noise(batch, 3, 8, 8)}, **WEIGHTS)


def test_names_and_dynamic_dims_arrive(tmp_path: Path) -> None:
    made = converted(write(tmp_path / "m.onnx", NETWORK, **WEIGHTS))
    signature = saving.signature_of(saving.read(made.path), "m")
    assert [dim.size for dim in signature.inputs["x"].tensor_shape.dim] == [-1, 3, 8, 8]
    assert [dim.size for dim in signature.outputs["y.out"].tensor_shape.dim] == [-1, 5]


def test_no_transpose_stands_between_convolutions(tmp_path: Path) -> None:
    text = """g (float[batch,3,8,8] x) => (float[batch,3,8,8] y) {
        a = Conv<pads=[1,1,1,1]>(x, w)
        b = Sigmoid(a)
        y = Conv<pads=[1,1,1,1]>(b, w)
    }"""
    made = converted(write(tmp_path / "m.onnx", text, w=noise(3, 3, 3, 3)))
    operators = [node.op for node in saving.read(made.path).meta_graphs[0].graph_def.node]
    assert operators.count("Transpose") == 2


def test_shapes_are_computed_at_conversion(tmp_path: Path) -> None:
    text = """g (float[batch,6,4] x) => (float[batch,24] y) {
        s = Shape(x)
        zero = Constant<value_int=0>()
        n = Gather(s, zero)
        one = Constant<value_ints=[0]>()
        batch = Unsqueeze(n, one)
        rest = Constant<value_ints=[24]>()
        target = Concat<axis=0>(batch, rest)
        y = Reshape(x, target)
    }"""
    made = converted(write(tmp_path / "m.onnx", text))
    operators = {node.op for node in saving.read(made.path).meta_graphs[0].graph_def.node}
    assert operators == {"Placeholder", "Const", "Reshape", "Identity"}


def test_everything_unsupported_is_refused_at_once(tmp_path: Path) -> None:
    text = """g (float[n] x) => (float[n] y) {
        a = com.example.Strange(x)
        b = com.microsoft.Unheard(a)
        c = com.microsoft.Unheard(b)
        y = Relu(c)
    }"""
    path = write(tmp_path / "m.onnx", text, domains=', "com.microsoft" : 1')
    found = required(
        write(path, text.replace("com.example.Strange", "com.microsoft.Odd"), domains=', "com.microsoft" : 1')
    )
    assert [(one.code, one.where) for one in found] == [("unsupported-op", "Odd"), ("unsupported-op", "Unheard")]
    assert "and 1 more" in found[1].message


def test_a_node_whose_shapes_do_not_fit_is_named(tmp_path: Path) -> None:
    text = "g (float[2,3] x) => (float[n,m] y) { y = MatMul(x, w) }"
    with pytest.raises(ConversionError) as caught:
        converted(write(tmp_path / "m.onnx", text, w=noise(4, 5)))
    assert caught.value.where == "MatMul node 'y'" and "\n" not in str(caught.value)


def test_the_contract(tmp_path: Path) -> None:
    path = write(tmp_path / "model.onnx", NETWORK, **WEIGHTS)
    (tmp_path / "made").mkdir()
    check_stage(Onnx2Tf(), Artifact(path, "onnx"), tmp_path / "made")

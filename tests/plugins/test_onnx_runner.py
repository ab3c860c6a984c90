"""onnxruntime runs what the format opens, and says in the user's words what it will not run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch

from graphs import external, model, six, write
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.signature import Signature, Tensor
from mlconvert_plugins.onnx_runner import OnnxRunner

X = np.arange(6, dtype=np.float32).reshape(2, 3)
RELU = "g (float[N,3] pixels) => (float[N,3] y) { y = Relu(pixels) }"


def _run(path: Path, **inputs: Any) -> dict[str, np.ndarray]:
    with OnnxRunner(Artifact(path, "onnx")) as runner:
        return runner.run(inputs)


def _refused(path: Path, **inputs: Any) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        _run(path, **inputs)
    return caught.value


def test_a_torch_model_gives_torchs_numbers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 5))
    x = torch.randn(2, 3, 8, 8)
    exported = torch.onnx.export(net.eval(), (x,), dynamo=True, dynamic_shapes=({0: "batch"},), verbose=False)
    exported.save(tmp_path / "m.onnx")
    with OnnxRunner(Artifact(tmp_path / "m.onnx", "onnx")) as runner:
        (tensor,) = runner.signature.inputs
        assert tensor.shape == ("batch", 3, 8, 8) and np.isnan(runner.seconds)
        for size in (1, 2, 5):
            x = torch.randn(size, 3, 8, 8)
            (y,) = runner.run({tensor.name: x.numpy()}).values()
            np.testing.assert_allclose(y, net(x).detach().numpy(), rtol=1e-5, atol=1e-6)
        assert 0 < runner.seconds < 60


def test_outputs_come_in_the_signatures_order(tmp_path: Path) -> None:
    text = "g (float[N] x) => (float[N] b, float[N] a, int64[1] n) { a = Neg(x)  b = Relu(x)  n = Shape(x) }"
    assert list(_run(write(tmp_path / "m.onnx", text), x=X[0])) == ["b", "a", "n"]


def test_the_artifacts_signature_stays(tmp_path: Path) -> None:
    signature = Signature((Tensor("pixels", "float32", ("N", 3), (0.0, 1.0)),), (Tensor("y", "float32", ("N", 3)),))
    with OnnxRunner(Artifact(write(tmp_path / "m.onnx", RELU), "onnx", None, signature)) as runner:
        assert runner.signature == signature


def test_external_data_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "w.data").write_bytes(six())
    assert _run(external(tmp_path / "m.onnx"), x=np.ones(6, np.float32))["y"].tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("float", np.float32),
        ("double", np.float64),
        ("float16", np.float16),
        ("int64", np.int64),
        ("uint8", np.uint8),
        ("bool", np.bool_),
        ("bfloat16", ml_dtypes.bfloat16),
        ("float8e4m3fn", ml_dtypes.float8_e4m3fn),
        ("float8e5m2", ml_dtypes.float8_e5m2),
    ],
)
def test_dtypes_pass_through(kind: str, dtype: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", f"g ({kind}[N,2] x) => ({kind}[N,2] y) {{ y = Identity(x) }}", opset=21)
    x = np.array([[0, 1], [1, 0], [1, 1]]).astype(dtype)
    y = _run(path, x=x)["y"]
    assert y.dtype == x.dtype and y.shape == x.shape and np.array_equal(y, x)


def test_strings_and_scalars_pass_through(tmp_path: Path) -> None:
    words = write(tmp_path / "words.onnx", "g (string[N] x) => (string[N] y) { y = Identity(x) }")
    assert _run(words, x=np.array(["a", "ß"], dtype=object))["y"].tolist() == ["a", "ß"]
    scalar = write(tmp_path / "scalar.onnx", "g (float x) => (float y) { y = Neg(x) }")
    y = _run(scalar, x=np.array(3, np.float32))["y"]
    assert y.shape == () and float(y) == -3


def test_an_input_with_an_initializer_may_be_given(tmp_path: Path) -> None:
    text = "g (float[N] x, float[1] w) => (float[N] y) { y = Add(x, w) }"
    path = write(tmp_path / "m.onnx", text, w=np.float32([1]))
    assert _run(path, x=X[0])["y"].tolist() == [1, 2, 3]
    assert _run(path, x=X[0], w=np.float32([5]))["y"].tolist() == [5, 6, 7]


def test_a_wrong_name_is_refused_with_the_nearest(tmp_path: Path) -> None:
    error = _refused(write(tmp_path / "m.onnx", RELU), pixel=X)
    by_code = {refusal.code: refusal for refusal in error.refusals}
    assert "did you mean 'pixels'?" in by_code["unknown-input"].message
    assert by_code["missing-input"].where == "pixels"


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (X.astype(np.float64), "wrong-dtype"),
        (X[0], "wrong-rank"),
        (X[:, :2], "wrong-shape"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_input(array: np.ndarray, code: str, tmp_path: Path) -> None:
    error = _refused(write(tmp_path / "m.onnx", RELU), pixels=array)
    assert error.code == code and error.where == "pixels" and "pixels:float32[N,3]" in error.fix


def test_a_size_that_is_baked_in_is_refused_by_node(tmp_path: Path) -> None:
    text = "g (float[N,3] x) => (float[a,b] y) { [fold] y = Reshape(x, shape) }"
    path = write(tmp_path / "m.onnx", text, shape=np.int64([2, 3]))
    assert _run(path, x=X)["y"].shape == (2, 3)
    error = _refused(path, x=X[:1])
    assert error.code == "onnxruntime-refused" and error.where == "Reshape node 'fold'"
    assert "requested shape:{2,3}" in error.message and "onnxruntime_src" not in error.message


def test_sizes_that_do_not_match_are_refused_by_node(tmp_path: Path) -> None:
    text = "g (float[N,3] x, float[M,3] z) => (float[a,b] y) { [join] y = Concat<axis = 1>(x, z) }"
    error = _refused(write(tmp_path / "m.onnx", text), x=X, z=X[:1])
    assert error.where == "Concat node 'join'" and "baked in" in error.fix


def test_a_type_clash_is_refused_by_node(tmp_path: Path) -> None:
    error = _refused(write(tmp_path / "m.onnx", "g (float[N] x, int64[N] z) => (float[N] y) { [sum] y = Add(x, z) }"))
    assert error.code == "onnxruntime-refused" and "Add" in error.where and "\n" not in error.message


def test_a_kernel_that_onnxruntime_lacks_is_refused_by_node(tmp_path: Path) -> None:
    error = _refused(write(tmp_path / "m.onnx", "g (bfloat16[N] x) => (bfloat16[N] y) { [act] y = Relu(x) }"))
    assert error.code == "onnxruntime-refused" and error.where == "Relu node 'act'"


def test_a_broken_model_never_reaches_onnxruntime(tmp_path: Path) -> None:
    error = _refused(write(tmp_path / "m.onnx", "g (float[N] x) => (float[N] y) { y = Add(x, z)  z = Relu(y) }"))
    assert error.code == "cyclic-graph"


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(model(RELU).SerializeToString()[:-5])
    assert _refused(tmp_path / "m.onnx").code == "broken-file"

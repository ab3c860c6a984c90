"""The values of inner tensors, as onnxruntime computes them, and parts of a model alone."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest

from graphs import external, six, write
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert_plugins.onnx_runner import OnnxRunner
from mlconvert_plugins.onnxfile import intermediate
from mlconvert_plugins.onnxfile.intermediate import OnnxFile
from mlconvert_plugins.onnxfile.search import Part

CHAIN = "g (float[N,6] x) => (float[N,6] y) { a = Add(x, w)  b = Mul(a, a)  c = Relu(b)  y = Neg(c) }"
X = np.float32([[1, 2, 3, 4, 5, -6]])
W = np.arange(6, dtype=np.float32)
BRANCH = """g (float[6] x, bool on) => (float[6] y) {
    a = Add(x, w)
    b = If (on) <
        then_branch = t () => (float[6] p) { p = Mul(a, v) },
        else_branch = e () => (float[6] q) { q = Identity(a) }
    >
    y = Neg(b)
}"""


@pytest.fixture
def chain(tmp_path: Path) -> OnnxFile:
    return OnnxFile(write(tmp_path / "m.onnx", CHAIN, w=W), {"x": X}, tmp_path)


def test_inner_tensors_and_outputs_have_values(chain: OnnxFile) -> None:
    found = chain.values(["c", "a", "y"])
    assert list(found) == ["c", "a", "y"] and list(chain.names) == ["a", "b", "c", "y"]
    assert np.array_equal(found["a"], X + W)
    assert np.array_equal(found["c"], (X + W) ** 2)
    assert np.array_equal(found["y"], -((X + W) ** 2))


def test_a_part_alone_takes_other_values(chain: OnnxFile) -> None:
    assert np.array_equal(chain.alone("c", {"a": -X}), X**2)
    assert np.array_equal(chain.alone("a", {}), X + W)


def test_a_part_is_a_model_with_the_weights_that_it_needs(chain: OnnxFile, tmp_path: Path) -> None:
    for name, given, weights in (("b", {"a": X}, []), ("b", {"x": X}, ["w"])):
        path = chain.save(Part(name, given, X, X), tmp_path / "part")
        assert path == tmp_path / "part.onnx"
        proto = onnx.load(path)
        onnx.checker.check_model(proto, full_check=True)
        assert [tensor.name for tensor in proto.graph.initializer] == weights
        with OnnxRunner(Artifact(path, "onnx")) as runner:
            assert np.array_equal(runner.run(given)[name], (X + (W if weights else 0)) ** 2)


def test_a_part_has_the_types_of_what_goes_in_and_comes_out(tmp_path: Path) -> None:
    text = "g (float[N] x) => (float[N] y) { h = Cast<to = 10>(x)  i = Mul(h, h)  y = Cast<to = 1>(i) }"
    file = OnnxFile(write(tmp_path / "m.onnx", text), {"x": np.float32([1, 300])}, tmp_path)
    assert file.values(["h", "i"])["i"].dtype == np.float16
    assert file.alone("i", {"h": np.float32([2, 300])}).tolist() == [4, np.inf]
    path = file.save(Part("i", {"h": np.float32([2, 300])}, np.float32([4, 9e4]), X), tmp_path / "part")
    assert path is not None
    with OnnxRunner(Artifact(path, "onnx")) as runner:
        (made,) = runner.run({"h": np.float32([2, 300])}).values()
        assert made.dtype == np.float32 and made.tolist() == [4, np.inf]


def test_what_a_subgraph_sees_belongs_to_its_node(tmp_path: Path) -> None:
    inputs = {"x": X[0], "on": np.array(True)}
    file = OnnxFile(write(tmp_path / "m.onnx", BRANCH, w=W, v=2 * W), inputs, tmp_path)
    assert list(file.values(["a"])) == ["a"]
    assert file.graph.parents("b") == ["a"] and file.graph.weights_of(["b"]) == ["v"]
    assert np.array_equal(file.alone("b", {"a": X[0]}), X[0] * 2 * W)
    path = file.save(Part("b", {"a": X[0].astype(np.float64), "on": np.array(True)}, X[0], X), tmp_path / "part")
    assert path is not None
    with OnnxRunner(Artifact(path, "onnx")) as runner:
        found = runner.run({"a": X[0].astype(np.float64), "on": np.array(True)})
        assert np.array_equal(found["b"], X[0] * 2 * W)


def test_external_data_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "w.data").write_bytes(six())
    path = external(tmp_path / "m.onnx")
    before = sorted(tmp_path.iterdir())
    file = OnnxFile(path, {"x": X[0]}, tmp_path)
    assert file.values(["y"])["y"].tolist() == (X[0] + W).tolist()
    assert sorted(tmp_path.iterdir()) == before
    part = file.save(Part("y", {"x": X[0]}, X[0], X[0]), tmp_path / "part")
    assert part is not None and onnx.load(part).graph.initializer[0].raw_data == six()


def test_large_weights_leave_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intermediate, "_INLINE", 1)
    w = np.random.default_rng(0).standard_normal((40, 40)).astype(np.float32)
    path = write(tmp_path / "m.onnx", "g (float[N,40] x) => (float[N,40] y) { a = MatMul(x, w)  y = Neg(a) }", w=w)
    (tmp_path / "scratch").mkdir()
    file = OnnxFile(path, {"x": w}, tmp_path / "scratch")
    assert file.graph.proto.ByteSize() < 1000 and file.folder == (tmp_path / "scratch").absolute()
    np.testing.assert_allclose(file.values(["y"])["y"], -w @ w, rtol=1e-4, atol=1e-4)


def test_a_type_that_numpy_lacks_comes_back(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", "g (float[N] x) => (float[N] y) { h = Cast<to = 16>(x)  y = Cast<to = 1>(h) }")
    found = OnnxFile(path, {"x": np.float32([1, 2.5, -3])}, tmp_path).values(["h"])["h"]
    assert found.dtype == ml_dtypes.bfloat16 and found.astype(np.float32).tolist() == [1, 2.5, -3]


def test_sequences_are_no_tensors(tmp_path: Path) -> None:
    text = "g (float[N] x) => (float[M] y) { s = SequenceConstruct(x, x)  y = ConcatFromSequence<axis = 0>(s) }"
    assert OnnxFile(write(tmp_path / "m.onnx", text), {"x": X[0]}, tmp_path).names == ["y"]


def test_inputs_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        OnnxFile(write(tmp_path / "m.onnx", CHAIN, w=W), {"z": X}, tmp_path)
    assert {refusal.code for refusal in caught.value.refusals} == {"unknown-input", "missing-input"}

"""onnx2tf writes SavedModels that compute what ONNX Runtime computes, and refuses what it cannot, by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from converting import convert
from graphs import external, write
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.signature import Tensor
from mlconvert.stage import Context
from mlconvert.testing import check_stage
from mlconvert.worker import Worker
from mlconvert_plugins.onnx2tf import Onnx2Tf
from mlconvert_plugins.onnx_runner import OnnxRunner
from mlconvert_plugins.tf import Tf
from mlconvert_plugins.tf_runner import TfRunner
from mlconvert_plugins.tfgraph import reading
from mlconvert_plugins.tfgraph.lazy import tf
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
    signature = Tf().signature(made)
    assert signature.inputs == (Tensor("x", "float32", (None, 3, 8, 8)),)
    assert signature.outputs == (Tensor("y.out", "float32", (None, 5)),)


def test_no_transpose_stands_between_convolutions(tmp_path: Path) -> None:
    text = """g (float[batch,3,8,8] x) => (float[batch,3,8,8] y) {
        a = Conv<pads=[1,1,1,1]>(x, w)
        b = Sigmoid(a)
        y = Conv<pads=[1,1,1,1]>(b, w)
    }"""
    made = converted(write(tmp_path / "m.onnx", text, w=noise(3, 3, 3, 3)))
    operators = [node.op for node in reading.read(made.path).meta_graphs[0].graph_def.node]
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
    operators = {node.op for node in reading.read(made.path).meta_graphs[0].graph_def.node}
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
    assert caught.value.where == "MatMul node 'y'"
    assert not any(sign in str(caught.value) for sign in ("\n", "{{node"))


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("network") / "model.onnx", NETWORK, **WEIGHTS)


CALLER = """g (float[1,4,2,2] x) => (float[1,1,4,4] y) { y = own.Blow<mode="CDR">(x) }
<opset_import: ["" : 17], domain: "own"> Blow <mode> (a) => (b) {
    b = DepthToSpace<blocksize=2, mode: string = @mode>(a)
}"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NETWORK.replace("pads=[1,1,1,1]", 'auto_pad="SAME"'), "Conv node 'a': auto_pad=SAME is not supported"),
        (CALLER, "DepthToSpace node 'b': mode=CDR is not supported"),
    ],
    ids=["of an attribute", "that a function hands on"],
)
def test_values_that_onnx_does_not_know_are_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=message):
        converted(write(tmp_path / "m.onnx", text, domains=', "own" : 1', **WEIGHTS))


def test_the_contract(network: Path, tmp_path: Path) -> None:
    check_stage(Onnx2Tf(), Artifact(network, "onnx"), tmp_path)


def run(path: Path, signature: str, **inputs: np.ndarray) -> dict[str, np.ndarray]:
    """What TensorFlow's own loader, and the signature of that name, make of the inputs."""
    called = tf.saved_model.load(str(path)).signatures[signature]
    return {name: value.numpy() for name, value in called(**{k: tf.constant(v) for k, v in inputs.items()}).items()}


@pytest.mark.parametrize("weights", ["constants", "variables"])
def test_tensorflow_itself_loads_it(weights: str, tmp_path: Path) -> None:
    large = {"w": noise(64, 3, 3, 3), "v": noise(5, 64)}
    path = write(tmp_path / "m.onnx", NETWORK, **large)
    made = converted(path, weights=weights)
    assert (made.path / "variables").is_dir() == (weights == "variables")
    x = noise(2, 3, 8, 8)
    with TfRunner(made) as runner, OnnxRunner(Artifact(path, "onnx")) as oracle:
        found, expected = runner.run({"x": x})["y.out"], oracle.run({"x": x})["y.out"]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(run(made.path, "serving_default", x=x)["y.out"], expected, rtol=1e-5, atol=1e-5)


def test_a_signature_names_inner_tensors(tmp_path: Path) -> None:
    text = """g (float[n,4] x, float[n,4] z) => (float[n,4] y, float[n,4] sum) {
        a = Relu(x)
        "a/b" = Neg(a)
        sum = Add(x, z)
        y = Mul("a/b", sum)
    }"""
    made = converted(write(tmp_path / "m.onnx", text), signature=("inner=a/b,sum", "first=a"))
    x, z = noise(2, 4), noise(2, 4) + 1
    assert [tensor.name for tensor in Tf().signature(made).outputs] == ["sum", "y"]
    found = run(made.path, "inner", x=x, z=z)
    np.testing.assert_allclose(found["a/b"], -np.maximum(x, 0))
    np.testing.assert_allclose(found["sum"], x + z)
    # `first` can do without the input z.
    np.testing.assert_allclose(run(made.path, "first", x=x)["a"], np.maximum(x, 0))


def test_signatures_of_what_is_not_there_are_refused(network: Path) -> None:
    wanted = Onnx2Tf.Options(signature=("inner=a,nothing", "serving_default=b"))
    found = list(Onnx2Tf().requires(Artifact(network, "onnx"), wanted, Context(network.parent, network.parent)))
    assert [(one.code, one.where) for one in found] == [("unknown-tensor", "signature"), ("bad-option", "signature")]
    assert "'nothing'" in found[0].message


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(environment={"PYTHONHASHSEED": "1234"}) as one:
        yield one


def test_another_process_writes_the_same_bytes(worker: Worker, tmp_path: Path) -> None:
    text = """g (float[n,4] x) => (float[n,4] y) {
        a = MatMul(x, w)
        some = ReduceMax<keepdims=0>(a)
        positive = Greater(some, zero)
        b = If(positive) <then_branch = t () => (float[n,4] c) { c = Add(a, v) },
                          else_branch = e () => (float[n,4] d) { d = Sub(a, v) }>
        y = MatMul(b, u)
    }"""
    path = write(tmp_path / "m.onnx", text, w=noise(4, 80), u=noise(80, 4), v=noise(80), zero=np.float32(0))
    options = {"weights": "variables", "signature": ("inner=a",)}
    here = files(converted(path, **options).path)
    there = convert(worker, path, "tf", out=tmp_path / "there", options={"onnx2tf": options}, validate=False)
    assert files(there.artifact.path) == here
    assert here.keys() >= {"saved_model.pb", "fingerprint.pb", "variables/variables.index"}
    assert tf.saved_model.experimental.read_fingerprint(str(there.artifact.path)).graph_def_program_hash


def files(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


X_TO_Y = "g (float[2,3] x) => (float[2,3] y)"
BROKEN: dict[str, tuple[str, str]] = {
    "cyclic-graph": (f"{X_TO_Y} {{ [here] a = Add(x, b)  b = Relu(a)  y = Neg(b) }}", "here"),
    "missing-tensor": (f"{X_TO_Y} {{ [here] y = Add(x, weight) }}", "here"),
    "unknown-op": (f"{X_TO_Y} {{ [here] y = Rellu(x) }}", "here"),
    "unknown-domain": (f"{X_TO_Y} {{ [here] y = com.example.Strange(x) }}", "here"),
    "node-failed": ("g (float[2,3] x, float[4,5] z) => (float[2,5] y) { [here] y = MatMul(x, z) }", "here"),
}


def refused(worker: Worker, path: Path) -> ConversionError:
    """Why a file is not converted, in one line; nothing is left beside it."""
    before = sorted(path.parent.iterdir())
    with pytest.raises(ConversionError) as caught:
        convert(worker, path, "tf", out=path.parent / "out")
    assert "\n" not in caught.value.message and caught.value.exit_code == 1
    assert sorted(path.parent.iterdir()) == before
    return caught.value


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_model_is_refused_by_node(code: str, worker: Worker, tmp_path: Path) -> None:
    text, node = BROKEN[code]
    error = refused(worker, write(tmp_path / "m.onnx", text))
    assert error.code == code and f"'{node}'" in error.message


def test_a_broken_file_is_refused(worker: Worker, network: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(network.read_bytes()[:200])
    assert refused(worker, path).code == "broken-file"
    assert refused(worker, write(path, f"{X_TO_Y} {{ y = Relu(x) }}", opset=99)).code == "opset-too-new"
    assert refused(worker, external(path)).code == "external-data-missing"

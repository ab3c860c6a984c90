"""SavedModels that reach files or the system are told by their operators, before TensorFlow opens them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mlconvert
from graphs import write
from mlconvert.errors import ConversionError
from mlconvert_plugins.tfgraph import reading
from mlconvert_plugins.tfgraph.lazy import load, tf
from mlconvert_plugins.tfgraph.operators import HARMLESS
from mlconvert_plugins.tfgraph.trust import why_it_executes
from savedmodels import converted


def saved(folder: Path, body: Callable[[Any], Any]) -> Path:
    """A SavedModel by TensorFlow of a function of a vector of floats."""
    module = tf.Module()
    function = tf.function(lambda x: {"y": body(x)}, input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    tf.saved_model.save(module, str(folder), signatures=function)
    return folder


def written(x: Any) -> Any:
    with tf.control_dependencies([tf.io.write_file("/nowhere/at/all", "text")]):
        return x + 1


def looped(x: Any) -> Any:
    return tf.while_loop(lambda y: tf.reduce_sum(y) < 9, lambda y: [y + tf.io.read_file("f").shape.rank + 1], [x])[0]


def branched(x: Any) -> Any:
    return tf.cond(x[0] > 0, lambda: x, lambda: written(x))


CASES: dict[str, Callable[[Any], Any]] = {
    "ReadFile": lambda x: x + tf.strings.to_number(tf.io.read_file("/etc/hostname")),
    "WriteFile": branched,
    "MatchingFiles": lambda x: x + tf.cast(tf.size(tf.io.matching_files("/*")), tf.float32),
    "EagerPyFunc": lambda x: tf.py_function(lambda y: y, [x], tf.float32),
    "PyFunc": lambda x: tf.numpy_function(lambda y: y, [x], tf.float32),
    "ImmutableConst": lambda x: x + tf.raw_ops.ImmutableConst(dtype=tf.float32, shape=[1], memory_region_name="/f"),
    "RestoreV2": lambda x: x + tf.raw_ops.RestoreV2(
        prefix="/other", tensor_names=["w"], shape_and_slices=[""], dtypes=[tf.float32]
    )[0],
}  # fmt: skip


@pytest.mark.parametrize("operator", CASES)
def test_what_reaches_files_needs_trust(operator: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "m", CASES[operator])
    with pytest.raises(ConversionError) as caught:
        mlconvert.open(path)
    assert caught.value.code == "needs-trust" and operator in caught.value.message


def test_trust_lets_it_run(tmp_path: Path) -> None:
    (tmp_path / "number").write_text("3")
    path = saved(tmp_path / "m", lambda x: x + tf.strings.to_number(tf.io.read_file(str(tmp_path / "number"))))
    with mlconvert.open(path, trust=True) as runner:
        np.testing.assert_array_equal(runner.run({"x": np.ones(2, np.float32)})["y"], [4, 4])


@pytest.mark.parametrize("weights", ["constants", "variables"])
def test_what_is_written_here_needs_none(weights: str, tmp_path: Path) -> None:
    text = "g (float[n,4] x) => (float[n,80] y) { a = Relu(x)  y = MatMul(a, w) }"
    path = write(tmp_path / "m.onnx", text, w=np.ones((4, 80), np.float32))
    assert why_it_executes(converted(path, weights=weights).path) is None


def test_a_checkpoint_of_another_name_is_not_its_own(tmp_path: Path) -> None:
    text = "g (float[n,4] x) => (float[n,80] y) { y = MatMul(x, w) }"
    made = converted(write(tmp_path / "m.onnx", text, w=np.ones((4, 80), np.float32)), weights="variables")
    proto = reading.read(made.path)
    graph = proto.meta_graphs[0].graph_def
    (restore,) = [node for node in graph.node if node.op == "RestoreV2"]
    elsewhere = graph.node.add(name="elsewhere", op="Const")
    elsewhere.attr["dtype"].type = tf.string.as_datatype_enum
    elsewhere.attr["value"].tensor.CopyFrom(tf.make_tensor_proto("/another/checkpoint"))
    restore.input[0] = "elsewhere"
    (made.path / "saved_model.pb").write_bytes(proto.SerializeToString())
    assert "RestoreV2" in (why_it_executes(made.path) or "")


def test_what_protobuf_passes_over_hides_no_operator(tmp_path: Path) -> None:
    path = saved(tmp_path / "m", CASES["ReadFile"])
    proto = reading.read(path)
    (function,) = [one for one in proto.meta_graphs[0].graph_def.library.function if "ReadFile" in str(one)]
    (node,) = [node for node in function.node_def if node.op == "ReadFile"]
    # Field 2 is the operator; eight bytes that are no text are no operator to protobuf.
    node.MergeFromString(b"\x11Identity")
    assert node.op == "ReadFile"
    (path / "saved_model.pb").write_bytes(proto.SerializeToString())
    assert b"\x11Identity" in (path / "saved_model.pb").read_bytes()
    assert "ReadFile" in (why_it_executes(path) or "")


def test_the_operators_that_need_no_trust_are_those_that_compute() -> None:
    session = load("tensorflow.python.client.pywrap_tf_session")
    listed = load("tensorflow.core.framework.op_def_pb2").OpList.FromString(
        session.TF_GetBuffer(session.TF_GetAllOpList())
    )
    known = {operator.name: operator for operator in listed.op}
    assert len(HARMLESS & known.keys()) > 700
    reaching = ("File", "Save", "Restore", "Dataset", "Iterator", "PyFunc", "Print", "Summary", "Rpc", "Recv", "Send")
    # It makes a name.
    assert {name for name in HARMLESS if any(word in name for word in reaching)} == {"ShardedFilename"}
    stateful = {name for name in HARMLESS & known.keys() if known[name].is_stateful}
    kinds = ("Random", "Table", "Variable", "Resource", "TensorArray", "Stateful", "Stack", "Rng", "Mutex", "Cudnn")
    others = sorted(name for name in stateful if not any(kind in name for kind in kinds))
    assert others == [
        *("Assert", "Case", "CheckNumerics", "CheckNumericsV2", "DeepCopy", "DisableCopyOnRead", "Empty"),
        *("GuaranteeConst", "If", "Multinomial", "NonDeterministicInts", "ParameterizedTruncatedNormal"),
        *("SampleDistortedBoundingBox", "SampleDistortedBoundingBoxV2", "TruncatedNormal", "VarHandleOp"),
        *("VarIsInitializedOp", "While"),
    ]

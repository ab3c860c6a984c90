"""SavedModels in the hands of others: TensorFlow's loader in C++, which TensorFlow Serving is built on, and its command
line; and one whose weights do not fit into a graph.
"""

from __future__ import annotations

import ctypes
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

import mlconvert
from graphs import model, write
from mlconvert_plugins.tf_runner import TfRunner
from mlconvert_plugins.tfgraph.lazy import tf
from savedmodels import converted

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]

TEXT = "g (float[n,4] x) => (float[n,80] y) { a = Relu(x)  y = MatMul(a, w) }"
WEIGHT = np.arange(320, dtype=np.float32).reshape(4, 80)
X = np.array([[-1, 0, 1, 2]], np.float32)


class Output(ctypes.Structure):
    """TF_Output of c_api.h."""

    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


class Library:
    """TensorFlow's C API: what it loads a SavedModel with is the loader of TensorFlow Serving."""

    def __init__(self) -> None:
        place = Path(tf.sysconfig.get_lib())
        ctypes.CDLL(str(place / "libtensorflow_framework.so.2"), ctypes.RTLD_GLOBAL)
        self.library = ctypes.CDLL(str(place / "libtensorflow_cc.so.2"))
        self.status = self("TF_NewStatus")
        self.graph = self("TF_NewGraph")

    def __call__(self, name: str, *arguments: Any, kind: Any = ctypes.c_void_p) -> Any:
        function = getattr(self.library, name)
        function.restype = kind
        return function(*(ctypes.c_void_p(one) if isinstance(one, int) else one for one in arguments))

    def check(self) -> None:
        code = self("TF_GetCode", self.status, kind=ctypes.c_int)
        assert code == 0, self("TF_Message", self.status, kind=ctypes.c_char_p)

    def load(self, path: Path) -> None:
        tags = (ctypes.c_char_p * 1)(b"serve")
        options = self("TF_NewSessionOptions")
        words = (options, None, str(path).encode(), tags, ctypes.c_int(1), self.graph, None, self.status)
        self.session = self("TF_LoadSessionFromSavedModel", *words)
        self.check()

    def output(self, tensor: str) -> Any:
        operation = self("TF_GraphOperationByName", self.graph, tensor.partition(":")[0].encode())
        return (Output * 1)(Output(operation, 0))

    def run(self, given: str, array: np.ndarray, wanted: str, shape: tuple[int, ...]) -> np.ndarray:
        """One output of floats for one input of floats."""
        dims = (ctypes.c_int64 * array.ndim)(*array.shape)
        size = ctypes.c_size_t(array.nbytes)
        tensor = self("TF_AllocateTensor", ctypes.c_int(1), dims, ctypes.c_int(array.ndim), size)
        ctypes.memmove(self("TF_TensorData", tensor), array.ctypes.data, array.nbytes)
        values, found = (ctypes.c_void_p * 1)(tensor), (ctypes.c_void_p * 1)()
        one, none = ctypes.c_int(1), ctypes.c_int(0)
        inputs, outputs = self.output(given), self.output(wanted)
        words = (inputs, values, one, outputs, found, one, None, none, None, self.status)
        self("TF_SessionRun", self.session, None, *words)
        self.check()
        data = ctypes.string_at(self("TF_TensorData", found[0]), int(np.prod(shape)) * 4)
        return np.frombuffer(data, np.float32).reshape(shape)


@pytest.mark.parametrize("weights", ["constants", "variables"])
def test_the_loader_of_tensorflow_serving_runs_it(weights: str, folder: Path) -> None:
    made = converted(write(folder / "m.onnx", TEXT, w=WEIGHT), weights=weights)
    library = Library()
    library.load(made.path)
    np.testing.assert_array_equal(library.run("x", X, "y", (1, 80)), np.maximum(X, 0) @ WEIGHT)


@pytest.mark.parametrize("weights", ["constants", "variables"])
def test_tensorflows_command_line_shows_and_runs_it(weights: str, folder: Path) -> None:
    made = converted(write(folder / "m.onnx", TEXT, w=WEIGHT), weights=weights, signature=("inner=a",))

    def say(*words: str) -> str:
        command = [Path(sys.executable).with_name("saved_model_cli"), words[0], "--dir", made.path, *words[1:]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    shown = say("show", "--all")
    assert "signature_def['serving_default']" in shown and "signature_def['inner']" in shown
    words = ("--tag_set", "serve", "--signature_def", "inner", "--input_exprs", "x=[[-1.0,0.0,1.0,2.0]]")
    assert "[[0. 0. 1. 2.]]" in say("run", *words)


SIDE, COUNT = 8192, 9


def large(folder: Path) -> Path:
    """A model of 2.25 GiB: nine square matrices with twos on their diagonals, in one sparse file."""
    nodes = "\n".join(f"x{number + 1} = MatMul(x{number}, w{number})" for number in range(COUNT))
    proto = model(f"g (float[n,{SIDE}] x0) => (float[n,{SIDE}] x{COUNT}) {{ {nodes} }}")
    size = 4 * SIDE * SIDE
    with (folder / "w.data").open("wb") as stream:
        stream.truncate(size * COUNT)
        for number in range(COUNT):
            weight = proto.graph.initializer.add(name=f"w{number}", data_type=TensorProto.FLOAT, dims=[SIDE, SIDE])
            weight.data_location = TensorProto.EXTERNAL
            for key, value in {"location": "w.data", "offset": size * number, "length": size}.items():
                weight.external_data.add(key=key, value=str(value))
            for row in range(SIDE):
                stream.seek(size * number + 4 * row * (SIDE + 1))
                stream.write(np.float32(2).tobytes())
    onnx.save(proto, folder / "large.onnx")
    return folder / "large.onnx"


def test_weights_beyond_what_a_graph_holds_become_variables(folder: Path) -> None:
    result = mlconvert.convert(large(folder), to="tf", out=folder / "1", validate=False, cache=False)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert result.manifest["route"][0]["facts"]["weights"] == "variables"
    assert (folder / "1" / "saved_model.pb").stat().st_size < 2**20
    x = np.random.default_rng(0).standard_normal((2, SIDE), np.float32)
    with TfRunner(result.artifact) as runner:
        np.testing.assert_array_equal(runner.run({"x0": x})[f"x{COUNT}"], x * 2**COUNT)
    assert peak < 3 * COUNT * 4 * SIDE * SIDE / 2**10

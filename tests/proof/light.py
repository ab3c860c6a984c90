"""The light real models of `onnx.backend.test`: whole networks of 2017 whose weights are all the same number.

What they answer depends on their input hardly at all, so each is also re-drawn: weights of its own for every layer.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend import test as backend_test
from onnx.backend.test.loader import load_model_tests

FOLDER = Path(backend_test.__file__).parent / "data" / "light"
# By name, the tolerances that the suite itself allows.
TOLERANCES = {test.name.removeprefix("test_"): (test.rtol, test.atol) for test in load_model_tests(kind="real")}
NAMES = tuple(sorted(TOLERANCES))
# What these files call batch norm's variance and scale, which must stay near one.
_SCALES = ("_riv_", "_s_", "var", "scale", "sc_w", "bn_w")


def path(name: str) -> Path:
    """The model's file in the onnx package."""
    return FOLDER / f"light_{name}.onnx"


def question(name: str) -> dict[str, np.ndarray]:
    """The input that the suite puts to it (`onnx.backend.test.runner`): a ramp from 0 to 1."""
    graph = onnx.load(path(name)).graph
    known = {tensor.name for tensor in graph.initializer}
    (slot,) = (slot for slot in graph.input if slot.name not in known)
    shape = [dim.dim_value for dim in slot.type.tensor_type.shape.dim]
    count = int(np.prod(shape))
    return {slot.name: (np.arange(count).reshape(shape) / count).astype(np.float32)}


def answer(name: str) -> np.ndarray:
    """What the suite expects."""
    tensor = onnx.TensorProto()
    tensor.ParseFromString((FOLDER / f"light_{name}_output_0.pb").read_bytes())
    return numpy_helper.to_array(tensor)


def redrawn(name: str, out: Path, seed: int) -> Path:
    """Write the model with weights drawn in place of each ConstantOfShape node.

    The softmax at its end is left out: on such weights it would give one class everything.
    """
    model = onnx.load(path(name))
    graph = model.graph
    shapes = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    generator = np.random.default_rng(seed)
    made = [node for node in graph.node if node.op_type == "ConstantOfShape"]
    for node in made:
        weights = _drawn(node.output[0], tuple(shapes[node.input[0]]), generator)
        graph.initializer.append(numpy_helper.from_array(weights, node.output[0]))
        graph.node.remove(node)
    last = graph.node[-1]
    if last.op_type == "Softmax":
        graph.output[0].name = last.input[0]
        graph.node.remove(last)
    # What stays in the list of inputs could be given by a caller, and is then no constant.
    kept = [slot for slot in graph.input if slot.name not in shapes]
    del graph.input[:]
    graph.input.extend(kept)
    model.ir_version = 4
    onnx.save(model, out)
    return out


def _drawn(name: str, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """Weights of N(0, 2/fan_in) (He et al., 2015), small biases and means, scales and variances around one."""
    if len(shape) > 1:
        return generator.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)
    if any(part in name for part in _SCALES):
        return generator.uniform(0.5, 1.5, shape).astype(np.float32)
    return generator.normal(0, 0.05, shape).astype(np.float32)

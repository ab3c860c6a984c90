"""Small ONNX models and the engines that TensorRT-RTX builds of them, for the tests of the trt plugins."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper, parser

from mlconvert.artifact import Artifact
from mlconvert.errors import Refusal
from mlconvert.host import Gpu, Host
from mlconvert.signature import DimRange, Signature, Tensor
from mlconvert.stage import Context, Outcome
from mlconvert_plugins.onnx2trt import Onnx2Trt
from mlconvert_plugins.tensorrt.options import TrtOptions

STAGE = Onnx2Trt()
BATCH = {"batch": DimRange(1, 8, 32)}
NO_GPU = Host("Linux", "x86_64", "3.11.0")
HEAD = '<ir_version: 10, opset_import: ["" : 20, "my": 1]>\n'

CONV = "g (float[batch,3,8,8] x) => (float[batch,4,6,6] y) { y = Conv(x, w) }"
GEMM = "g (float[batch,16] x) => (float[batch,4] y) { y = Gemm(x, w) }"
ATTENTION = """g (float[batch,seq,16] x) => (float[batch,seq,16] y) {
    q = MatMul(x, wq)
    k = MatMul(x, wk)
    t = Transpose<perm=[0,2,1]>(k)
    s = MatMul(q, t)
    p = Softmax<axis=-1>(s)
    y = MatMul(p, x)
}"""
RELU = "g (float[batch,16] x) => (float[batch,16] y) { y = Relu(x) }"
WEIGHTS = {"w": (4, 3, 3, 3)}, {"w": (16, 4)}, {"wq": (16, 16), "wk": (16, 16)}


def gpu_host(compute_capability: str, *, name: str = "NVIDIA Test", driver: str = "590.10", **changes: Any) -> Host:
    """A made-up host with one GPU."""
    return Host(**{**vars(NO_GPU), "gpus": (Gpu(name, compute_capability, driver),), **changes})


def model(path: Path, graph: str, **weights: tuple[int, ...]) -> Path:
    """An ONNX file of a graph in ONNX's text form, with drawn weights of the given shapes."""
    proto = parser.parse_model(HEAD + graph)
    generator = np.random.default_rng(0)
    for name, shape in weights.items():
        values = generator.standard_normal(shape).astype(np.float32)
        proto.graph.initializer.append(numpy_helper.from_array(values, name))
    onnx.save(proto, path)
    return path


def source(path: Path, dims: dict[str, DimRange] = BATCH, **shapes: tuple[Any, ...]) -> Artifact:
    """An ONNX artifact whose inputs have the given shapes, and whose outputs are not described."""
    inputs = tuple(Tensor(name, "float32", shape) for name, shape in shapes.items())
    return Artifact(path, "onnx", signature=Signature(inputs, (), dims))


@dataclass
class Heard:
    """What a stage said while it worked."""

    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, kind: str, entry: dict[str, Any]) -> None:
        self.said.append((kind, entry))

    def texts(self, kind: str) -> list[str]:
        """The texts of one kind: log, warning, progress."""
        return [entry["text"] for said, entry in self.said if said == kind]


def context(folder: Path, heard: Heard | None = None, *, trust: bool = False) -> Context:
    """A stage's context in a folder of the test's own."""
    return Context(scratch=folder / "scratch", cache=folder / "cache", trust=trust, emit=heard or Heard())


def required(artifact: Artifact, folder: Path, *, trust: bool = False, **options: Any) -> list[Refusal]:
    """What the stage refuses before the work."""
    return list(STAGE.requires(artifact, TrtOptions(**options), context(folder, trust=trust)))


def convert(artifact: Artifact, out: Path, heard: Heard | None = None, **options: Any) -> Outcome:
    """Build an engine."""
    return STAGE.convert(artifact, TrtOptions(**options), out, context(out.parent, heard))


def built(folder: Path, **options: Any) -> tuple[Artifact, Outcome]:
    """The engine of a small convolution, with the manifest that the frame would put beside it."""
    out = folder / "conv.rtx.plan"
    conv = source(model(folder / "conv.onnx", CONV, **WEIGHTS[0]), x=("batch", 3, 8, 8))
    outcome = convert(conv, out, **options)
    write_manifest(out, outcome)
    return Artifact(out, "trt", outcome.flavour, outcome.signature), outcome


def write_manifest(engine: Path, outcome: Outcome, **facts: Any) -> None:
    """A manifest as the frame writes it, as far as the trt format reads it."""
    entry = {
        "schema": 1,
        "sha256": hashlib.sha256(engine.read_bytes()).hexdigest(),
        "signature": outcome.signature.as_json(),
        "route": [{"stage": "onnx2trt", "facts": {**outcome.facts, **facts}}],
    }
    engine.with_name(engine.name + ".mlconvert.json").write_text(json.dumps(entry))

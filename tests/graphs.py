"""Small ONNX files for the tests, from ONNX's own text syntax."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper, parser


def model(text: str, opset: int = 17, ir_version: int = 8, domains: str = "", **weights: np.ndarray) -> onnx.ModelProto:
    """A model from `name (inputs) => (outputs) { nodes }`; `weights` become initializers by name."""
    proto = parser.parse_model(f'<ir_version: {ir_version}, opset_import: ["" : {opset}{domains}]> {text}')
    for name, array in weights.items():
        proto.graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
    return proto


def write(path: Path, text: str, **details: Any) -> Path:
    """A model file; see `model`."""
    path.write_bytes(model(text, **details).SerializeToString())
    return path


def external(path: Path, location: str = "w.data", offset: str = "0", length: str = "24", **more: str) -> Path:
    """A model file that adds six floats `w`, which lie at `location`; the data itself is not written."""
    proto = model("g (float[6] x) => (float[6] y) { y = Add(x, w) }")
    weight = proto.graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=[6])
    weight.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": offset, "length": length, **more}.items():
        if value:
            weight.external_data.add(key=key, value=value)
    path.write_bytes(proto.SerializeToString())
    return path


def six() -> bytes:
    """The bytes of `w` for `external`."""
    return np.arange(6, dtype=np.float32).tobytes()

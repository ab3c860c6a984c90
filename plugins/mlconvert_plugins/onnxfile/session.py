"""onnxruntime sessions on the CPU: making one, and running it on numpy arrays of every dtype that it takes."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxfile.ort_errors import refused

if TYPE_CHECKING:
    import numpy as np
    import onnxruntime as ort

# What onnxruntime calls its element types, where that is not numpy's name.
_NAMES = {"float": "float32", "double": "float64"}
# The types that numpy itself lacks and that cross as their bytes: ml_dtypes' name by onnxruntime's.
_NARROW = {
    "bfloat16": "bfloat16",
    "float8e4m3fn": "float8_e4m3fn",
    "float8e4m3fnuz": "float8_e4m3fnuz",
    "float8e5m2": "float8_e5m2",
    "float8e5m2fnuz": "float8_e5m2fnuz",
}
# Fatal alone: what onnxruntime has to say arrives as an exception.
_QUIET = 4


def create(model: Path | bytes, *, folder: Path | None = None, optimise: bool = True) -> ort.InferenceSession:
    """A session of a model file, or of a serialized model whose external data lies in `folder`.

    `OMP_NUM_THREADS` bounds the threads, as it does for torch and numpy. Raises ConversionError
    (`onnxruntime-refused`).
    """
    import onnxruntime as ort

    settings = ort.SessionOptions()
    settings.log_severity_level = _QUIET
    if os.environ.get("OMP_NUM_THREADS", "").isdigit():
        settings.intra_op_num_threads = int(os.environ["OMP_NUM_THREADS"])
    if not optimise:
        settings.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    if folder is not None:
        settings.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
    try:
        return ort.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise refused(error, "load the model") from error


def dtype_of(kind: str) -> str:
    """The signature's dtype for onnxruntime's `tensor(float)`. Raises ConversionError for what is no tensor."""
    if not kind.startswith("tensor("):
        raise ConversionError(f"onnxruntime gives a {kind}, and only tensors can be compared", code="not-a-tensor")
    name = kind.removeprefix("tensor(").removesuffix(")")
    return _NARROW.get(name) or _NAMES.get(name, name)


def run(
    session: ort.InferenceSession, names: Sequence[str], inputs: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], float]:
    """The outputs of these names, and the seconds that the run took. Raises ConversionError naming the node."""
    slots = [*session.get_inputs(), *session.get_overridable_initializers(), *session.get_outputs()]
    kinds = {slot.name: slot.type for slot in slots}
    narrow = any(kinds[name].removeprefix("tensor(").removesuffix(")") in _NARROW for name in [*names, *inputs])
    try:
        return (_run_values if narrow else _run_arrays)(session, names, inputs)
    except ConversionError:
        raise
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise refused(error, "run the model") from error


def _run_arrays(
    session: ort.InferenceSession, names: Sequence[str], inputs: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], float]:
    start = time.perf_counter()
    found = session.run(list(names), dict(inputs))
    seconds = time.perf_counter() - start
    return dict(zip(names, found, strict=True)), seconds


def _run_values(
    session: ort.InferenceSession, names: Sequence[str], inputs: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], float]:
    """The run through OrtValues, which hold the types that onnxruntime's numpy interface does not take."""
    values = {name: _to_value(array) for name, array in inputs.items()}
    start = time.perf_counter()
    found = session.run_with_ort_values(list(names), values)
    seconds = time.perf_counter() - start
    return {name: _to_array(value) for name, value in zip(names, found, strict=True)}, seconds


def _to_value(array: np.ndarray) -> ort.OrtValue:
    import numpy as np
    import onnx
    import onnxruntime as ort

    plain = np.ascontiguousarray(array)
    if array.dtype.name not in _NARROW.values():
        return ort.OrtValue.ortvalue_from_numpy(plain.reshape(array.shape))
    kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
    bytewise = plain.reshape(array.shape).view(f"u{array.dtype.itemsize}")
    return ort.OrtValue.ortvalue_from_numpy_with_onnx_type(bytewise, kind)


def _to_array(value: ort.OrtValue) -> np.ndarray:
    import ml_dtypes
    import numpy as np

    name = dtype_of(value.data_type())
    if name not in _NARROW.values():
        return np.asarray(value.numpy())
    held = ctypes.string_at(value.data_ptr(), value.tensor_size_in_bytes())
    return np.frombuffer(bytearray(held), dtype=getattr(ml_dtypes, name)).reshape(value.shape())

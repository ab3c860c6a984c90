"""Which of ONNX's types TensorFlow can compute with: each way that it has to read or make their values is tried.

TensorFlow has a name for more types than its operations know: tensors of the others can be fed, fetched and reshaped,
and nothing can tell their values. What is tried runs as a model does, out of a SavedModel that was written and loaded.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_PLAIN = ("float32", "float16", "bfloat16", "int8", "uint8", "int32")


def readers() -> Mapping[str, Callable[[Any], Any]]:
    """What could turn a tensor of a type into one whose values are known."""
    import tensorflow as tf

    casts = {f"Cast to {name}": functools.partial(tf.cast, dtype=name) for name in _PLAIN}
    bits = {f"Bitcast to {name}": functools.partial(tf.bitcast, type=name) for name in ("uint8", "int8")}
    return {
        **casts,
        **bits,
        "Equal": lambda x: tf.equal(x, x),
        "AsString": tf.strings.as_string,
        "SerializeTensor": tf.io.serialize_tensor,
    }


def writers(dtype: Any) -> Mapping[str, tuple[Callable[[Any], Any], Any]]:
    """What could make a tensor of a type out of another, with the value to feed."""
    import numpy as np
    import tensorflow as tf

    ones = {name: np.ones(2, tf.dtypes.as_dtype(name).as_numpy_dtype) for name in _PLAIN}
    casts = {f"Cast from {name}": (lambda x: tf.cast(x, dtype), ones[name]) for name in _PLAIN}
    bits = {f"Bitcast from {name}": (lambda x: tf.bitcast(x, dtype), ones[name]) for name in ("uint8", "int8")}
    content = np.array(b"\x01\x01", object)
    return {
        **casts,
        **bits,
        "DecodeRaw": (lambda x: tf.io.decode_raw(x, dtype), content),
        "ParseTensor": (lambda x: tf.io.parse_tensor(x, dtype), content),
        "StringToNumber": (lambda x: tf.strings.to_number(x, dtype), content),
    }


@functools.cache
def inert(element_type: int) -> str:
    """Why no model can compute with a type of onnx.proto; '' where one can."""
    import numpy as np
    import onnx
    import tensorflow as tf

    if element_type == onnx.TensorProto.STRING:
        return ""
    plain = onnx.helper.tensor_dtype_to_np_dtype(element_type)
    try:
        dtype = tf.dtypes.as_dtype(plain)
    except TypeError:
        return "TensorFlow has no type for it"
    sample = np.ones(2, np.float32).astype(plain)
    reads = readers()
    if not any(_runs(function, sample) for function in reads.values()):
        return f"TensorFlow {_held(sample)}, and reads none of its values: tried {', '.join(reads)}"
    writes = writers(dtype)
    if not any(_runs(function, fed) for function, fed in writes.values()):
        return f"TensorFlow {_held(sample)}, and makes none of its values: tried {', '.join(writes)}"
    return ""


def _held(sample: Any) -> str:
    import tensorflow as tf

    return "feeds and fetches it" if _runs(tf.identity, sample) else "does not even feed it"


def _runs(function: Callable[[Any], Any], sample: Any) -> bool:
    """Whether a SavedModel of one operation can be written, loaded and run."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model")
        try:
            with tf.Graph().as_default(), v1.Session() as session:
                x = v1.placeholder(tf.dtypes.as_dtype(sample.dtype), sample.shape, name="x")
                y = tf.identity(function(x))
                v1.saved_model.simple_save(session, path, {"x": x}, {"y": y})
            with tf.Graph().as_default(), v1.Session() as session:
                v1.saved_model.loader.load(session, ["serve"], path)
                session.run(y.name, {x.name: sample})
        except (TypeError, ValueError, NotImplementedError, tf.errors.OpError):
            return False
    return True

"""A SavedModel loaded into a session of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlconvert.errors import ConversionError
from mlconvert_plugins.tfgraph import saving
from mlconvert_plugins.tfgraph.lazy import np, tf


def load(path: Path, threads: int = 0) -> tuple[Any, Any]:
    """A session with the model in it, and its `serving_default` SignatureDef. Raises ConversionError."""
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
    try:
        with session.graph.as_default():
            proto = tf.compat.v1.saved_model.loader.load(session, [saving.TAG], str(path))
    except Exception as error:  # TensorFlow's errors have no common base
        session.close()
        message = f"TensorFlow cannot load it: {reason(error)}"
        raise ConversionError(message, code="tensorflow-refused", where=path.name) from error
    if saving.SIGNATURE not in proto.signature_def:
        session.close()
        raise ConversionError(f"it has no signature {saving.SIGNATURE!r}", code="no-signature", where=path.name)
    return session, proto.signature_def[saving.SIGNATURE]


def reason(error: Exception) -> str:
    """Which node failed and why, in one line: TensorFlow's errors say first that one did, and where it was made."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    nodes = [number for number, line in enumerate(lines) if line.startswith("Node: ")]
    if not nodes:
        return lines[0] if lines else type(error).__name__
    node = lines[nodes[0]].removeprefix("Node: ")
    found = [line for line in lines[nodes[-1] + 1 :] if "root error(s) found" not in line]
    return f"node {node}: {found[0].removeprefix('(0) ')}" if found else f"node {node} failed"


def arrays(found: Sequence[Any]) -> list[np.ndarray]:
    """What a session gives, texts as str objects."""
    # A single text comes as bytes.
    whole = [np.asarray(one, object if isinstance(one, bytes) else None) for one in found]
    return [_texts(array) if array.dtype == object else array for array in whole]


def _texts(array: np.ndarray) -> np.ndarray:
    texts = [text.decode("utf-8", "surrogateescape") for text in array.flat]
    return np.array(texts, dtype=object).reshape(array.shape)

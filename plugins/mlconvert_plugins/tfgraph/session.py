"""A SavedModel loaded into a session of its own, as TensorFlow Serving loads it: variables, then what sets it up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlconvert.errors import ConversionError
from mlconvert_plugins.tfgraph import reading, variables
from mlconvert_plugins.tfgraph.lazy import np, tf

# Where a graph names the operation that sets it up, from TensorFlow 2 and from 1.
_SIGNATURE = "__saved_model_init_op"
_COLLECTIONS = ("saved_model_main_op", "legacy_init_op")


def load(path: Path, threads: int = 0) -> tuple[Any, Any]:
    """A session with the model in it, and the SignatureDef to call it by. Raises ConversionError.

    The graph alone is read by Python; TensorFlow's own loader of this kind is deprecated, and says so.
    """
    meta = reading.serving(reading.read(path), path.name)
    definition = reading.definition(meta, path.name)
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
    try:
        with session.graph.as_default():
            tf.graph_util.import_graph_def(meta.graph_def, name="")
        _restore(session, meta, path)
        _set_up(session, meta, path)
    except ConversionError:
        session.close()
        raise
    except Exception as error:  # TensorFlow's errors have no common base
        session.close()
        message = f"TensorFlow cannot load it: {reason(error)}"
        raise ConversionError(message, code="tensorflow-refused", where=path.name) from error
    return session, definition


def _restore(session: Any, meta: Any, path: Path) -> None:
    """Read the variables. Raises ConversionError (`broken-file`) where the graph has some and the folder has none."""
    prefix = path / variables.FOLDER / variables.PREFIX
    if not any(operation.type == "VarHandleOp" for operation in session.graph.get_operations()):
        return
    if not meta.saver_def.restore_op_name or not prefix.with_suffix(".index").is_file():
        message = f"its graph has variables, and {path.name}/{variables.FOLDER} does not hold their values"
        raise ConversionError(message, code="broken-file", where=path.name, fix="copy or export it again")
    session.run(meta.saver_def.restore_op_name, {meta.saver_def.filename_tensor_name: str(prefix)})


def _set_up(session: Any, meta: Any, path: Path) -> None:
    """Fill the tables and the like; the files in assets are fed by their names."""
    assets = {asset.tensor_info.name: str(path / "assets" / asset.filename) for asset in meta.asset_file_def}
    names = [meta.collection_def[name].node_list.value[:1] for name in _COLLECTIONS if name in meta.collection_def]
    if _SIGNATURE in meta.signature_def:
        names.insert(0, [meta.signature_def[_SIGNATURE].outputs[_SIGNATURE].name])
    for name in filter(None, names[:1]):
        session.run(session.graph.as_graph_element(name[0], allow_tensor=False), assets)


def reason(error: Exception) -> str:
    """Which node failed and why, in one line: TensorFlow's errors say first that one did, and where it was made."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    nodes = [number for number, line in enumerate(lines) if line.startswith("Node: ")]
    if not nodes:
        lines = [line for line in lines if line != "Graph execution error:"]
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

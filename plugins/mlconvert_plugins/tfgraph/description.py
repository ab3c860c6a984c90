"""What `inspect` shows of a SavedModel beside its signature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mlconvert.errors import ConversionError
from mlconvert_plugins.tfgraph import reading, variables


def describe(path: Path) -> dict[str, Any]:
    """The description as JSON values; sizes in bytes. Raises ConversionError as `reading.read` does."""
    proto = reading.read(path)
    operators = Counter(node.op for meta in proto.meta_graphs for node in _nodes(meta.graph_def))
    versions = [meta.graph_def.versions for meta in proto.meta_graphs]
    return {
        "tensorflow": _each(meta.meta_info_def.tensorflow_version for meta in proto.meta_graphs),
        "graph_version": max((one.producer for one in versions), default=0),
        "needs_graph_version": max((one.min_consumer for one in versions), default=0),
        "tags": _each(", ".join(meta.meta_info_def.tags) for meta in proto.meta_graphs),
        "signatures": [
            f"{name}: {_shown(meta.signature_def[name])}"
            for meta in proto.meta_graphs
            for name in reading.signature_names(meta)
        ],
        "nodes": operators.total(),
        "operators": dict(sorted(operators.items(), key=lambda item: (-item[1], item[0]))),
        "variables": _sizes(path / variables.FOLDER),
        "assets": _sizes(path / "assets"),
    }


def _nodes(graph: Any) -> Iterator[Any]:
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


def _each(found: Iterable[str]) -> list[str]:
    """What is said, once each."""
    return list(dict.fromkeys(filter(None, found)))


def _shown(definition: Any) -> str:
    """A signature in words."""
    try:
        signature = reading.signature_of(definition)
    except ConversionError as error:
        return error.message
    return " → ".join(", ".join(map(str, tensors)) or "-" for tensors in (signature.inputs, signature.outputs))


def _sizes(folder: Path) -> dict[str, int]:
    """The bytes of the files below a folder."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}

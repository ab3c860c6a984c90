"""The bytes of a `.forest` file, version 1, written and read; `docs/forest.md` is the specification."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert_plugins.trees import header
from mlconvert_plugins.trees.checks import check
from mlconvert_plugins.trees.header import BrokenError
from mlconvert_plugins.trees.model import Forest, Linear, Nodes, Tables

if TYPE_CHECKING:
    import numpy as np

MAGIC = b"\x89forest\n"
VERSION = 1
_HEAD = struct.Struct("<8sII")
_CRC = struct.Struct("<I")

# The arrays in their order.
NAMES = (
    "tree_leaves", "tree_output", "threshold_count", "threshold", "set_count", "set_words", "set", "split_leaf",
    "column", "decision", "rank", "leaf_value", "base", "tree_linear", "linear_constant", "linear_terms",
    "linear_column", "linear_weight", "leaf_label", "leaf_rows",
)  # fmt: skip
_FLOATS = ("threshold", "leaf_value", "base", "linear_constant", "linear_weight")
# What is left out where it says nothing.
_OPTIONAL = ("tree_output", "base", "set_count")


def pack(forest: Forest) -> bytes:
    """The file's bytes, the same for the same forest.

    Raises ConversionError for names that JSON cannot hold, and for a forest that is not sound.
    """
    check(forest)
    directory, planes = [], []
    for name, values in _arrays(forest):
        if not len(values) or (name in _OPTIONAL and not _says_something(values)):
            continue
        kind = _narrowest(name, values)
        directory.append((name, kind, len(values)))
        planes.append(_planes(values, kind))
    text = header.write(forest, directory)
    body = b"".join((_HEAD.pack(MAGIC, VERSION, len(text)), text, *planes))
    return body + _CRC.pack(zlib.crc32(body))


def _says_something(values: np.ndarray) -> bool:
    """Whether anything but +0 is in it."""
    import numpy as np

    return bool(values.any() or np.signbit(values).any())


def _arrays(forest: Forest) -> Iterator[tuple[str, np.ndarray]]:
    import numpy as np

    nothing = np.zeros(0, dtype=np.int64)
    parts: dict[str, Any] = {
        "tree_leaves": forest.tree_leaves,
        "tree_output": forest.tree_output,
        **vars(forest.tables),
        **vars(forest.nodes),
        "leaf_value": forest.leaf_value.ravel(),
        "base": forest.base,
        "leaf_label": forest.leaf_label,
        "leaf_rows": forest.leaf_rows,
    }
    if forest.linear is not None:
        parts |= {f"linear_{name}": values for name, values in vars(forest.linear).items() if name != "tree"}
        parts["tree_linear"] = forest.linear.tree
    for name in NAMES:
        values = parts.get(name)
        yield name, nothing if values is None else np.asarray(values)


def _narrowest(name: str, values: np.ndarray) -> str:
    import numpy as np

    if name in _FLOATS:
        with np.errstate(over="ignore"):
            narrow = values.astype(np.float32)
        return "f4" if np.array_equal(narrow.astype(np.float64), values) else "f8"
    if name == "set":
        return "u4"
    return f"u{max(1, (int(values.max()).bit_length() + 7) // 8)}"


def _planes(values: np.ndarray, kind: str) -> bytes:
    import numpy as np

    width = int(kind[1])
    whole = values.astype("<u4" if kind[0] == "u" else f"<{kind}")
    return np.ascontiguousarray(whole.view(np.uint8).reshape(len(values), -1)[:, :width].T).tobytes()


def _from_planes(planes: np.ndarray, kind: str, length: int) -> np.ndarray:
    import numpy as np

    width = int(kind[1])
    whole = np.zeros((length, 4 if kind[0] == "u" else width), dtype=np.uint8)
    whole[:, :width] = planes.reshape(width, length).T
    return whole.view("<u4" if kind[0] == "u" else f"<{kind}").ravel()


def unpack(content: bytes) -> Forest:
    """The forest of a file's bytes, with every index checked. Raises BrokenError, a ConversionError (`bad-forest`)."""
    text, body = _framed(content)
    fields, directory = header.read(text)
    arrays = _read_arrays(directory, body)
    forest = _assembled(fields, arrays)
    check(forest)
    return forest


def _framed(content: bytes) -> tuple[bytes, bytes]:
    """The header's text and the arrays' bytes, behind a checksum that fits."""
    if len(content) < _HEAD.size + _CRC.size or not content.startswith(MAGIC):
        raise BrokenError("it does not begin as one")
    _, version, length = _HEAD.unpack_from(content)
    if version != VERSION:
        raise BrokenError(f"version {version} is not known here")
    if zlib.crc32(content[: -_CRC.size]) != _CRC.unpack(content[-_CRC.size :])[0]:
        raise BrokenError("its checksum does not fit")
    end = _HEAD.size + length
    if end > len(content) - _CRC.size:
        raise BrokenError("its header is longer than the file")
    return content[_HEAD.size : end], content[end : -_CRC.size]


def _read_arrays(directory: list[tuple[str, str, int]], body: bytes) -> dict[str, np.ndarray]:
    import numpy as np

    names = [name for name, _, _ in directory]
    if names != [name for name in NAMES if name in set(names)]:
        raise BrokenError(f"it has the arrays {', '.join(names)}")
    if sum(int(kind[1]) * length for _, kind, length in directory) != len(body):
        raise BrokenError("its arrays do not fill it")
    found: dict[str, np.ndarray] = {}
    start = 0
    for name, kind, length in directory:
        if (kind[0] == "f") != (name in _FLOATS):
            raise BrokenError(f"array {name} has the type {kind}")
        size = int(kind[1]) * length
        planes = np.frombuffer(body, dtype=np.uint8, count=size, offset=start)
        values = _from_planes(planes, kind, length)
        found[name] = values.astype(np.float64 if kind[0] == "f" else np.uint32 if name == "set" else np.int64)
        start += size
    return found


def _assembled(fields: dict[str, Any], arrays: dict[str, np.ndarray]) -> Forest:
    """The dataclasses of the arrays, with what was left out put in. Raises BrokenError where lengths do not fit."""
    import numpy as np

    def take(name: str, length: int | None = None) -> np.ndarray:
        dtype = np.float64 if name in _FLOATS else np.uint32 if name == "set" else np.int64
        values = arrays.get(name, np.zeros(0 if length is None or name not in _OPTIONAL else length, dtype))
        if length is not None and len(values) != length:
            raise BrokenError(f"array {name} has {len(values)} elements instead of {length}")
        return values

    columns, outputs, width = len(fields["columns"]), fields["outputs"], fields["width"]
    tree_leaves = take("tree_leaves")
    trees, leaves = len(tree_leaves), int(tree_leaves.sum())
    nodes = leaves - trees
    threshold_count, set_count = take("threshold_count", columns), take("set_count", columns)
    set_words = take("set_words", int(set_count.sum()))
    _forbid_strays(arrays, fields["labelling"])
    return Forest(
        **fields,
        tree_leaves=tree_leaves,
        tree_output=take("tree_output", trees),
        nodes=Nodes(*(take(name, nodes) for name in ("split_leaf", "column", "decision", "rank"))),
        tables=Tables(
            threshold_count,
            take("threshold", int(threshold_count.sum())),
            set_count,
            set_words,
            take("set", int(set_words.sum())).astype(np.uint32),
        ),
        leaf_value=take("leaf_value", leaves * width).reshape(leaves, width),
        base=take("base", outputs),
        linear=_linear(take, tree_leaves) if "tree_linear" in arrays else None,
        leaf_label=take("leaf_label", leaves) if fields["labelling"] == "listed" else None,
        leaf_rows=take("leaf_rows", leaves).astype(np.uint8) if "leaf_rows" in arrays else None,
    )


def _linear(take: Callable[[str, int], np.ndarray], tree_leaves: np.ndarray) -> Linear:
    tree = take("tree_linear", len(tree_leaves))
    if tree.max() > 1:
        raise BrokenError("tree_linear is neither 0 nor 1")
    leaves = int(tree_leaves[tree == 1].sum())
    terms = take("linear_terms", leaves)
    count = int(terms.sum())
    return Linear(
        tree == 1,
        take("linear_constant", leaves),
        terms,
        take("linear_column", count),
        take("linear_weight", count),
    )


def _forbid_strays(arrays: dict[str, np.ndarray], labelling: str) -> None:
    strays = {name for name in arrays if name.startswith("linear_") and "tree_linear" not in arrays}
    if labelling != "listed":
        strays |= arrays.keys() & {"leaf_label"}
    if strays:
        raise BrokenError(f"the arrays {', '.join(sorted(strays))} have no place in it")


def planes(content: bytes) -> list[int]:
    """Where each plane of a file's arrays begins, and where the last ends. Raises BrokenError."""
    text, body = _framed(content)
    _, directory = header.read(text)
    bounds = [len(content) - _CRC.size - len(body)]
    for _, kind, length in directory:
        bounds += [bounds[-1] + plane * length for plane in range(1, int(kind[1]) + 1)]
    return bounds


def write(forest: Forest, path: Path) -> None:
    """Write the forest to `path`."""
    path.write_bytes(pack(forest))


def read(path: Path) -> Forest:
    """The forest in the file at `path`. Raises ConversionError (`bad-forest`)."""
    return unpack(path.read_bytes())

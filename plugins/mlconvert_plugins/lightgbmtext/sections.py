"""A text model in its parts: the header's keys, each tree's keys, the parameters, the lines that Python adds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlconvert_plugins.lightgbmtext.numbers import BrokenModelError, integers

# The line that `adopt` adds to the text of a classifier, where LightGBM has stopped reading: it keeps no labels itself.
CLASSES = b"mlconvert_classes:"
_PANDAS = b"pandas_categorical:"
# LightGBM 4 reads all of these alike.
_VERSIONS = (b"v2", b"v3", b"v4")
# What stands behind the trees; the earliest files of v2 have no end of their own.
_ENDS = (b"end of trees\n", b"\nfeature importances:\n")

HEADER_KEYS = frozenset(
    (
        "version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective",
        "average_output", "feature_names", "monotone_constraints", "feature_infos", "tree_sizes",
    )
)  # fmt: skip
_TREE_NEEDED = (
    "num_leaves", "num_cat", "split_feature", "threshold", "decision_type", "left_child", "right_child", "leaf_value",
)  # fmt: skip
_TREE_OPTIONAL = (
    "leaf_count", "cat_boundaries", "cat_threshold", "is_linear", "leaf_const", "num_features", "leaf_features",
    "leaf_coeff",
)  # fmt: skip
# Gains, hessians, the values of inner nodes, and a rate that the leaves contain already.
_TREE_IRRELEVANT = ("split_gain", "leaf_weight", "internal_value", "internal_weight", "internal_count", "shrinkage")
TREE_KEYS = frozenset((*_TREE_NEEDED, *_TREE_OPTIONAL, *_TREE_IRRELEVANT))

# LightGBM takes a line of any other key apart at every equals sign.
_TEXTS = ("feature_names", "monotone_constraints")
_PARAMETER = re.compile(r"\[(\w+): (.*)\]")

Keys = dict[str, bytes]


@dataclass(frozen=True)
class Sections:
    """The parts of a text model.

    `categories` is pandas_categorical, one list a column; `classes` are a classifier's labels.
    """

    header: Keys
    sizes: tuple[int, ...]
    body: bytes
    parameters: dict[str, str]
    categories: tuple[tuple[Any, ...], ...]
    classes: tuple[Any, ...]

    def trees(self) -> Iterator[tuple[str, Keys]]:
        """Each tree's name and keys. Raises BrokenModelError."""
        start = 0
        for number, size in enumerate(self.sizes):
            name = f"Tree={number}"
            yield name, _tree_keys(self.body[start : start + size], name)
            start += size


def is_model(head: bytes) -> bool:
    """Whether a file that begins so is a text model."""
    return head.startswith((b"tree\nversion=", b"tree\r\nversion="))


def split(content: bytes) -> Sections:
    """Take a model's text apart. Raises BrokenModelError where it does not hold together."""
    end_of_header = content.find(b"\n\n")
    if content.startswith(b"tree\r\n"):
        raise BrokenModelError("its lines end with CRLF, which is not what tree_sizes counts", "line 1", "crlf")
    if not content.startswith(b"tree\n") or end_of_header < 0:
        raise BrokenModelError("it does not begin as a text model", "line 1")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise BrokenModelError("it is no UTF-8", f"byte {error.start}") from None
    header = _keys(content[len(b"tree\n") : end_of_header].split(b"\n"), "header", HEADER_KEYS)
    if header.get("version") not in _VERSIONS:
        raise BrokenModelError(
            f"version {header.get('version', b'')!r} is not known here", "version", "unknown-version"
        )
    sizes = _sizes(header)
    start = end_of_header + len(b"\n\n")
    end = start + sum(sizes)
    if not content.startswith(_ENDS if header["version"] == b"v2" else _ENDS[:1], end):
        raise BrokenModelError("the trees do not end where tree_sizes says", "tree_sizes")
    tail = content[end:]
    parameters, rest = _parameters(tail)
    categories, classes = _python_lines(rest)
    return Sections(header, sizes, content[start:end], parameters, categories, classes)


def _sizes(header: Keys) -> tuple[int, ...]:
    if "tree_sizes" not in header:
        raise BrokenModelError("there is no tree_sizes", "header")
    text = header["tree_sizes"]
    sizes = integers(text, len(text.split()), "tree_sizes")
    if any(size <= 0 for size in sizes):
        raise BrokenModelError("a tree has no size", "tree_sizes")
    return tuple(sizes)


def _keys(lines: list[bytes], where: str, known: frozenset[str]) -> Keys:
    found: Keys = {}
    for line in lines:
        key, _, value = line.partition(b"=")
        name = key.decode("ascii", "backslashreplace")
        if name not in known:
            raise BrokenModelError(f"the field {name!r} is not known here", where, "unknown-field")
        if name in found:
            raise BrokenModelError(f"the field {name} stands there twice", where)
        if b"=" in value and name not in _TEXTS:
            raise BrokenModelError("it has two equals signs", name if where == "header" else f"{where} {name}")
        found[name] = value
    return found


def _tree_keys(text: bytes, name: str) -> Keys:
    lines = text.rstrip(b"\n").split(b"\n")
    if lines[0] != name.encode():
        raise BrokenModelError("it does not begin where tree_sizes says", name)
    keys = _keys(lines[1:], name, TREE_KEYS)
    for needed in _TREE_NEEDED:
        if needed not in keys:
            raise BrokenModelError(f"there is no {needed}", name)
    return keys


def _parameters(tail: bytes) -> tuple[dict[str, str], bytes]:
    """The parameters of the training, none of which changes a score, and what stands after them."""
    _, marker, after = tail.partition(b"\nparameters:\n")
    if not marker:
        return {}, tail
    text, marker, rest = after.partition(b"\nend of parameters\n")
    if not marker:
        raise BrokenModelError("the parameters do not end", "parameters")
    found = {}
    for line in filter(None, text.decode().split("\n")):
        match = _PARAMETER.fullmatch(line)
        if match is None:
            raise BrokenModelError(f"{line!r} is no parameter", "parameters")
        found[match[1]] = match[2]
    return found, rest


def _python_lines(rest: bytes) -> tuple[tuple[tuple[Any, ...], ...], tuple[Any, ...]]:
    categories: tuple[tuple[Any, ...], ...] = ()
    classes: tuple[Any, ...] = ()
    for line in rest.split(b"\n"):
        if line.startswith(_PANDAS):
            lists = _list(line[len(_PANDAS) :], "pandas_categorical")
            categories = tuple(tuple(_listed(one, "pandas_categorical")) for one in lists)
        elif line.startswith(CLASSES):
            classes = tuple(_list(line[len(CLASSES) :], "classes"))
    return categories, classes


def _list(text: bytes, where: str) -> list[Any]:
    try:
        return _listed(json.loads(text), where)
    except (ValueError, RecursionError) as error:
        raise BrokenModelError(f"it is no JSON: {error}", where) from error


def _listed(entry: Any, where: str) -> list[Any]:
    if entry is None:
        return []
    if not isinstance(entry, list):
        raise BrokenModelError("it is no list", where)
    return entry

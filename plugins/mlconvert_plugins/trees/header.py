"""The header of a `.forest` file: everything about a forest but its arrays, as JSON."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

from mlconvert.errors import ConversionError
from mlconvert.signature import Column
from mlconvert.text import for_terminal
from mlconvert_plugins.trees.model import LINKS, Decision, Forest, Link

# Its keys, in their order; those of classifiers are optional.
KEYS = (
    "columns", "labels", "label", "outputs", "width", "read", "zero", "sum", "base_at", "divisor", "link", "decisions",
    "leaf_label", "source", "arrays",
)  # fmt: skip

FLOATS = ("float64", "float32")
SIDES = ("left", "right")
# How a label is chosen; the first is not written.
LABEL_RULES = ("probability", "margin", "margin or zero")
LABELLINGS = ("split", "pairs", "listed")
COLUMN_TYPES = ("numeric", "categorical", "boolean")
# What a column's `missing` says to people.
MISSING_RULES = ("nan", "zero", "none", "refused")


class BrokenError(ConversionError):
    """The file is no forest that this version can vouch for."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"the .forest file is broken: {for_terminal(what, 200)}", code="bad-forest", fix="convert the model again"
        )


def write(forest: Forest, arrays: list[tuple[str, str, int]]) -> bytes:
    """The header's JSON. Raises ConversionError (`bad-name`) for text that UTF-8 cannot hold."""
    entry: dict[str, Any] = {
        "columns": [_column_entry(column) for column in forest.columns],
        "labels": list(forest.labels),
        "label": forest.label,
        "outputs": forest.outputs,
        "width": forest.width,
        "read": forest.read,
        "zero": forest.zero,
        "sum": forest.sum,
        "base_at": forest.base_at,
        "divisor": forest.divisor,
        "link": _link_entry(forest.link),
        "decisions": [{key: value for key, value in vars(one).items() if value} for one in forest.decisions],
        "leaf_label": forest.labelling,
        "source": dict(forest.source),
        "arrays": [list(array) for array in arrays],
    }
    if not forest.labels:
        del entry["labels"]
    if forest.label == LABEL_RULES[0]:
        del entry["label"]
    try:
        return json.dumps(entry, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:  # UnicodeEncodeError is one
        raise ConversionError(
            f"a name, category or label of the model cannot be written as JSON: {for_terminal(error)}",
            code="bad-name",
            fix="rename it in the training data to plain text, a finite number or a boolean",
        ) from error


def _column_entry(column: Column) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": column.name, "type": column.type}
    if column.categories is not None:
        entry["categories"] = list(column.categories)
    if column.missing is not None:
        entry["missing"] = column.missing
    return entry


def _link_entry(link: Link) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": link.name}
    if link.name == "sigmoid" or (link.name == "softmax" and link.scale != 1):
        entry["scale"] = link.scale
    if link.name == "isolation":
        entry["offset"] = link.offset
    return entry


def read(text: bytes) -> tuple[dict[str, Any], list[tuple[str, str, int]]]:
    """A forest's fields by name, and the list of arrays. Raises BrokenError for what `write` does not write."""
    try:
        entry = json.loads(text.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BrokenError(f"its header is no JSON ({error})") from error
    keys = tuple(key for key in KEYS if key not in ("labels", "label") or key in _mapping(entry))
    if tuple(entry) != keys:
        raise BrokenError(f"its header has the keys {', '.join(entry)}")
    fields = {
        "columns": tuple(_column(one) for one in _list(entry["columns"])),
        "labels": tuple(_scalar(one) for one in _list(entry.get("labels", []))),
        "label": _one_of(entry.get("label", LABEL_RULES[0]), LABEL_RULES),
        "outputs": _integer(entry["outputs"], 1),
        "width": _integer(entry["width"], 1),
        "read": _one_of(entry["read"], FLOATS),
        "zero": _finite(entry["zero"]),
        "sum": _one_of(entry["sum"], FLOATS),
        "base_at": _one_of(entry["base_at"], ("start", "end")),
        "divisor": _divisor(entry["divisor"]),
        "link": _link(_mapping(entry["link"])),
        "decisions": tuple(_decision(_mapping(one)) for one in _list(entry["decisions"])),
        "labelling": _one_of(entry["leaf_label"], LABELLINGS),
        "source": {key: _scalar(value) for key, value in _mapping(entry["source"]).items()},
    }
    return fields, [_array(one) for one in _list(entry["arrays"])]


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _column(entry: Any) -> Column:
    known = {"name": _text, "type": _chooser(COLUMN_TYPES), "missing": _chooser(MISSING_RULES), "categories": _list}
    values = _fields(_mapping(entry), known, optional=("missing", "categories"))
    if "categories" in values:
        values["categories"] = tuple(_scalar(one) for one in values["categories"])
    return Column(**values)


def _link(entry: Mapping[str, Any]) -> Link:
    known: dict[str, Callable[[Any], Any]] = {"name": lambda value: _one_of(value, LINKS)}
    own = {"sigmoid": {"scale": _finite}, "softmax": {"scale": _finite}, "isolation": {"offset": _number}}
    optional = ("scale",) if entry.get("name") == "softmax" else ()
    return Link(**_fields(entry, known | own.get(str(entry.get("name")), {}), optional))


def _decision(entry: Mapping[str, Any]) -> Decision:
    choices: dict[str, dict[str, tuple[str, ...]]] = {
        "<=": {"missing": ("nan", "zero", "none")},
        "in": {"codes": ("truncate", "floor"), "members": SIDES},
    }
    own = {"test": tuple(choices), "default": SIDES, **choices.get(str(entry.get("test")), {})}
    return Decision(**_fields(entry, {key: _chooser(known) for key, known in own.items()}))


def _chooser(known: tuple[str, ...]) -> Callable[[Any], Any]:
    return lambda value: _one_of(value, known)


def _fields(
    entry: Mapping[str, Any], known: Mapping[str, Callable[[Any], Any]], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not set(entry) <= set(known) or not set(known) <= set(entry) | set(optional):
        raise BrokenError(f"{{{', '.join(map(str, entry))}}} should have the keys {', '.join(known)}")
    return {key: known[key](value) for key, value in entry.items()}


def _array(entry: Any) -> tuple[str, str, int]:
    values = _list(entry)
    if len(values) != 3:
        raise BrokenError("an array is not [name, type, length]")
    return _text(values[0]), _one_of(values[1], ("u1", "u2", "u3", "u4", "f4", "f8")), _integer(values[2], 0)


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BrokenError("an object is missing in its header")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise BrokenError("a list is missing in its header")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise BrokenError("a text is missing in its header")
    return value


def _integer(value: Any, least: int) -> int:
    if type(value) is not int or not least <= value < 2**31:
        raise BrokenError(f"{value} is no count")
    return value


def _number(value: Any) -> float:
    # An int may be beyond every float.
    if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
        raise BrokenError("a number is missing in its header, or infinite")
    return float(value)


def _finite(value: Any) -> float:
    if not _number(value) >= 0:
        raise BrokenError(f"{value} is no finite number of at least 0")
    return float(value)


def _divisor(value: Any) -> float:
    if not _number(value) > 0:
        raise BrokenError(f"a divisor of {value}")
    assert isinstance(value, (int, float))
    return value  # a whole number stays one, and the same bytes


def _scalar(value: Any) -> Any:
    if not isinstance(value, (str, int, float)) or (isinstance(value, float) and not math.isfinite(value)):
        raise BrokenError(f"{value} is neither text, number nor boolean")
    return value


def _one_of(value: Any, known: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in known:
        raise BrokenError(f"{value} is none of {', '.join(known)}")
    return value

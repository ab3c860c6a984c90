"""A model's document, JSON or UBJSON, taken apart key by key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlconvert_plugins.xgboostfile import ubjson
from mlconvert_plugins.xgboostfile.errors import BrokenModelError

if TYPE_CHECKING:
    import numpy as np

_UBJSON_HEAD = b"{L\0\0\0\0\0\0\0\x07learner{"


def is_json(head: bytes) -> bool:
    """Whether a file that begins so is a JSON model."""
    text = head.lstrip()
    return text.startswith(b"{") and text[1:].lstrip().startswith((b'"learner"', b'"version"'))


def is_ubjson(head: bytes) -> bool:
    """Whether a file that begins so is a UBJSON model."""
    return head.startswith(_UBJSON_HEAD)


def load(content: bytes) -> dict[str, Any]:
    """The document. Raises BrokenModelError for what is neither JSON nor UBJSON."""
    if is_ubjson(content):
        found = ubjson.loads(content)
    else:
        try:
            found = json.loads(content, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise BrokenModelError(f"it is no JSON: {error}", "the file") from error
    return mapping(found, "the file")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def mapping(value: Any, where: str) -> dict[str, Any]:
    """The value, if it is an object."""
    if not isinstance(value, dict):
        raise BrokenModelError("an object is missing", where)
    return value


def keys(value: Any, where: str, needed: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Any]:
    """The object, with all that is needed and nothing that is unknown."""
    found = mapping(value, where)
    for name in needed:
        if name not in found:
            raise BrokenModelError(f"there is no {name}", where)
    unknown = [name for name in found if name not in {*needed, *optional}]
    if unknown:
        raise BrokenModelError(f"the field {unknown[0]!r} is not known here", where, "unknown-field")
    return found


def number(entry: Mapping[str, Any], name: str, where: str, least: int = 0) -> int:
    """A count that stands there as text, as XGBoost's parameters do."""
    value = entry.get(name)
    if not isinstance(value, str) or not value.isascii() or not value.isdecimal() or not least <= int(value) < 2**31:
        raise BrokenModelError(f"{value!r} is no count of at least {least}", f"{where} {name}")
    return int(value)


def texts(value: Any, where: str) -> list[str]:
    """A list of texts."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BrokenModelError("it is no list of texts", where)
    return value


def integers(value: Any, where: str, length: int | None = None) -> np.ndarray:
    """A list of integers, or of booleans, as int64."""
    return _array(value, where, "iub", length).astype("i8")


def floats(value: Any, where: str, length: int | None = None) -> np.ndarray:
    """A list of numbers, as the float64 values of float32. XGBoost takes no integer for one."""
    import numpy as np

    if isinstance(value, list) and not set(map(type, value)) <= {float}:
        raise BrokenModelError("a number is not written as a float", where)
    found = _array(value, where, "f", length)
    with np.errstate(over="ignore"):
        return found.astype(np.float32).astype(np.float64)


def _array(value: Any, where: str, kinds: str, length: int | None) -> np.ndarray:
    import numpy as np

    if not isinstance(value, (list, np.ndarray)):
        raise BrokenModelError("it is no list", where)
    try:
        found = np.asarray(value) if len(value) else np.zeros(0, dtype=kinds[0])
    except (ValueError, OverflowError, TypeError):
        found = np.zeros(1, dtype=object)
    if found.ndim != 1 or found.dtype.kind not in kinds:
        raise BrokenModelError("it is no list of numbers", where)
    if length is not None and len(found) != length:
        raise BrokenModelError(f"{len(found)} numbers stand there, not {length}", where)
    return found

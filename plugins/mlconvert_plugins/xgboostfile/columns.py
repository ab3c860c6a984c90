"""The model's columns: names, types, and the categories that XGBoost 3.1 and newer keep of data frames."""

from __future__ import annotations

import itertools
from typing import Any

from mlconvert.signature import Column
from mlconvert_plugins.xgboostfile.document import integers, keys, texts
from mlconvert_plugins.xgboostfile.errors import BrokenModelError

_TYPES = {"float": "numeric", "q": "numeric", "int": "numeric", "i": "boolean", "c": "categorical"}


# A file need not name its columns, so that its size does not bound their number.
_MOST_COLUMNS = 2**20


def read(learner: dict[str, Any], model: dict[str, Any], count: int) -> tuple[Column, ...]:
    """The columns in the model's order; those without a name are called f0, f1, … as XGBoost does."""
    if count > _MOST_COLUMNS:
        raise BrokenModelError(f"a model of {count} columns", "num_feature", "too-many-columns")
    names = texts(learner.get("feature_names", []), "feature_names") or [f"f{index}" for index in range(count)]
    types = texts(learner.get("feature_types", []), "feature_types") or ["q"] * count
    if len(names) != count or len(set(names)) != count:
        raise BrokenModelError(f"{len(set(names))} names stand there, not {count}", "feature_names")
    unknown = [kind for kind in types if kind not in _TYPES]
    if len(types) != count or unknown:
        raise BrokenModelError(f"{unknown[0] if unknown else len(types)!r} is not known here", "feature_types")
    categories = _categories(model.get("cats"), count)
    return tuple(
        Column(name, "numeric" if kind == "i" else _TYPES[kind], categories[index] if kind == "c" else None, "nan")
        for index, (name, kind) in enumerate(zip(names, types, strict=True))
    )


def _categories(entry: Any, count: int) -> list[tuple[Any, ...] | None]:
    """Each column's categories in the order of their codes, where the model keeps them."""
    if entry is None:
        return [None] * count
    found = keys(entry, "cats", ("enc", "feature_segments", "sorted_idx"))
    encodings = found["enc"]
    if not isinstance(encodings, list) or len(encodings) not in (0, count):
        raise BrokenModelError("it does not describe every column", "cats enc")
    return [_encoding(one) for one in encodings] or [None] * count


def _encoding(entry: Any) -> tuple[Any, ...] | None:
    """Numbers as such, or texts: their bytes in one list, cut at `offsets`."""
    found = keys(entry, "cats enc", ("values",), ("offsets", "type"))
    if "offsets" not in found:
        values = found["values"]
        return tuple(value.item() if hasattr(value, "item") else value for value in values)
    offsets = integers(found["offsets"], "cats offsets").tolist()
    content = bytes(code % 256 for code in integers(found["values"], "cats values").tolist())
    if offsets != sorted(offsets) or (offsets and (offsets[0] != 0 or offsets[-1] != len(content))):
        raise BrokenModelError("the texts are not cut in order", "cats offsets")
    if not content.isascii():
        # XGBoost 3.2 cuts by characters what it stores as bytes: "Zürich", "Bern" come back as "Züric", "hBer".
        return None
    return tuple(content[start:end].decode() for start, end in itertools.pairwise(offsets)) or None

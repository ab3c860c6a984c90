"""The model's columns: names, which of them are categories, and what pandas called these."""

from __future__ import annotations

import re
from typing import Any

from mlconvert.signature import Column
from mlconvert_plugins.lightgbmtext.numbers import BrokenModelError, integer
from mlconvert_plugins.lightgbmtext.sections import Sections

_RANGE = re.compile(r"\[[^:\[\]]+:[^:\[\]]+\]")
_CODES = re.compile(r"-?\d+(:-?\d+)*")


def read(sections: Sections) -> tuple[Column, ...]:
    """The columns in the model's order. Raises BrokenModelError.

    A categorical column has `categories` where the text proves which of pandas' lists is its own.
    """
    names, infos = _names(sections), _infos(sections)
    named = _declared(sections, names)
    categorical = sorted(named | {index for index, info in enumerate(infos) if _CODES.fullmatch(info)})
    categories = (
        dict(zip(categorical, sections.categories, strict=True)) if _provable(sections, infos, categorical) else {}
    )
    return tuple(
        Column(name, "categorical", _plain(categories.get(index))) if index in categorical else Column(name, "numeric")
        for index, name in enumerate(names)
    )


def _names(sections: Sections) -> list[str]:
    count = integer(_needed(sections, "max_feature_idx"), "max_feature_idx") + 1
    try:
        names = _needed(sections, "feature_names").decode().split(" ")
    except UnicodeDecodeError:
        raise BrokenModelError("they are no UTF-8", "feature_names") from None
    if len(names) != count or not all(names):
        raise BrokenModelError(f"{len(names)} names stand there, not {count}", "feature_names")
    if len(set(names)) != count:
        raise BrokenModelError("a name stands there twice", "feature_names")
    return names


def _infos(sections: Sections) -> list[str]:
    """What each column held in training: `[low:high]`, its codes, or `none` for one that was constant."""
    infos = _needed(sections, "feature_infos").decode("utf-8", "replace").split(" ")
    if len(infos) != integer(sections.header["max_feature_idx"], "max_feature_idx") + 1:
        raise BrokenModelError(f"{len(infos)} columns are described", "feature_infos")
    for info in infos:
        if info != "none" and not _RANGE.fullmatch(info) and not _CODES.fullmatch(info):
            raise BrokenModelError(f"{info!r} is neither a range nor codes", "feature_infos")
    return infos


def _needed(sections: Sections, key: str) -> bytes:
    if key not in sections.header:
        raise BrokenModelError(f"there is no {key}", "header")
    return sections.header[key]


def _declared(sections: Sections, names: list[str]) -> set[int]:
    """The columns that the training's parameters call categorical."""
    text = sections.parameters.get("categorical_feature", "")
    if text.startswith("name:"):
        return {names.index(name) for name in text.removeprefix("name:").split(",") if name in names}
    return {int(index) for index in text.split(",") if index.isdecimal() and int(index) < len(names)}


def _provable(sections: Sections, infos: list[str], categorical: list[int]) -> bool:
    """Whether pandas' lists are those of the categorical columns, one by one.

    They need not be: an ordered category is a list of pandas' and no category of LightGBM's, a column of plain codes
    the other way round. Equal numbers and codes within each list are what the text can show.
    """
    if len(sections.categories) != len(categorical):
        return False
    for index, names in zip(categorical, sections.categories, strict=True):
        codes = [int(code) for code in infos[index].split(":")] if _CODES.fullmatch(infos[index]) else []
        if any(code >= len(names) for code in codes):
            return False
    return True


def _plain(categories: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if categories is not None and not all(isinstance(one, (str, int, float)) for one in categories):
        return None
    return categories

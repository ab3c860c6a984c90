"""The signature of a document: what it says itself of its columns, classes and outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mlconvert.signature import Column, Signature, Tensor
from mlconvert_plugins.pmmlfile.dictionary import DataField
from mlconvert_plugins.pmmlfile.outline import Outline
from mlconvert_plugins.pmmlfile.texts import category
from mlconvert_plugins.trees.model import tabular

_TYPES: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "double": float,
    "float": float,
    "boolean": {"true": True, "false": False, "1": True, "0": False}.__getitem__,
}


def of(outline: Outline) -> Signature:
    """Columns are the active fields in the model's order; labels the target's values. There are no margins.

    A column of type text is an input of its own; all others are in `x`, a category as its place among its values.
    """
    columns = tuple(_column(outline.fields[name]) for name in outline.active)
    kept = tuple(column for column in columns if column.type != "text")
    made = tabular(kept, 1, labels(outline))
    # A tree alone, or a chain, answers with its class alone where no output field asks for more.
    terse = not outline.probabilities and (outline.model == "TreeModel" or outline.chained)
    without = {"margin", "probability"} if terse else {"margin"}
    texts = tuple(Tensor(column.name, "string", ("n",)) for column in columns if column.type == "text")
    return replace(
        made,
        inputs=(*(made.inputs if kept else ()), *texts),
        outputs=tuple(tensor for tensor in made.outputs if tensor.name not in without),
        columns=columns,
    )


def labels(outline: Outline) -> tuple[Any, ...]:
    """A classifier's labels, in the order of the target's values, else of the probabilities."""
    if not outline.is_classifier:
        return ()
    target = outline.fields.get(outline.target or "")
    if target is not None and target.values:
        return _typed(target, target.values)
    texts = tuple(outline.probabilities)
    return _typed(target, texts) if target is not None else texts


def _column(field: DataField) -> Column:
    if field.data_type == "boolean":
        return Column(field.name, "boolean")
    if field.optype == "continuous" and field.data_type in _TYPES:
        return Column(field.name, "numeric")
    if field.values:
        return Column(field.name, "categorical", _typed(field, field.values))
    # Its values may be anything: of numbers they are the codes, and texts go in as they are.
    return Column(field.name, "categorical" if field.data_type in _TYPES else "text")


def _typed(field: DataField, texts: tuple[str, ...]) -> tuple[Any, ...]:
    """Values of the field's type; as they are where they are none, or would not be told apart."""
    try:
        values = tuple(_TYPES.get(field.data_type, str)(text) for text in texts)
    except (KeyError, ValueError):
        return texts
    apart = all(category(value, texts) == text for value, text in zip(values, texts, strict=True))
    return values if apart else texts

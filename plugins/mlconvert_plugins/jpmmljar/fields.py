"""The signature of a jar that does not carry one, by what its model says of its fields once it is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlconvert.signature import Column, DimRange, Signature, Tensor
from mlconvert_plugins.trees.model import label_dtype

_ROWS = "n"


def signature(fields: Mapping[str, Any]) -> Signature:
    """One input `x`, an input for each column of text; `probability` and `label`, or `prediction`.

    `fields` are those that `java/jpmml`'s class Subject documents.
    """
    columns = tuple(_column(told) for told in fields["inputs"])
    tabular = [column for column in columns if column.type != "text"]
    inputs = [Tensor("x", "float64", (_ROWS, len(tabular)))] if tabular else []
    inputs += [Tensor(column.name, "string", (_ROWS,)) for column in columns if column.type == "text"]
    labels = _labels(fields) if fields["function"] == "classification" else ()
    if labels:
        share = Tensor("probability", "float64", (_ROWS, len(labels)))
        outputs = [share, Tensor("label", label_dtype(labels), (_ROWS,))]
    else:
        outputs = [Tensor("prediction", "float64", (_ROWS, max(1, len(fields["targets"]))))]
    return Signature(tuple(inputs), tuple(outputs), {_ROWS: DimRange(1, 1, None)}, columns, labels)


def _column(told: Mapping[str, Any]) -> Column:
    name, kind, values = told["name"], told["type"], told.get("values")
    if kind == "boolean":
        return Column(name, "boolean", missing="nan")
    if values and told["optype"] != "continuous":
        return Column(name, "categorical", _typed(values, kind), "nan")
    return Column(name, "text" if kind == "string" else "numeric", missing="nan")


def _labels(fields: Mapping[str, Any]) -> tuple[Any, ...]:
    """The target's categories, else those that a probability is given of."""
    for target in fields["targets"]:
        if target.get("values"):
            return _typed(target["values"], target["type"])
    return tuple(one["value"] for one in fields["outputs"] if one["feature"] == "probability" and one["value"])


def _typed(values: Iterable[str], kind: str) -> tuple[Any, ...]:
    if kind == "integer":
        return tuple(int(value) for value in values)
    if kind in ("float", "double"):
        return tuple(float(value) for value in values)
    return tuple(value == "true" for value in values) if kind == "boolean" else tuple(values)

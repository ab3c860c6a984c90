"""A PMML document as a forest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.signature import Column, Signature
from mlconvert_plugins.pmmlfile.dictionary import Dictionary
from mlconvert_plugins.pmmlfile.errors import BrokenDocumentError
from mlconvert_plugins.pmmltrees import ensemble, numbers, reading
from mlconvert_plugins.pmmltrees.columns import unsupported
from mlconvert_plugins.pmmltrees.ensemble import Ensemble
from mlconvert_plugins.pmmltrees.fields import Fields
from mlconvert_plugins.pmmltrees.model import Model
from mlconvert_plugins.pmmltrees.trees import Trees
from mlconvert_plugins.trees.assembly import leaf_rows
from mlconvert_plugins.trees.checks import vouched
from mlconvert_plugins.trees.model import Forest

if TYPE_CHECKING:
    import numpy as np

# How far rounding may take a product of factors that cancel out.
_ROUNDING = 2.0**-50


def read(path: Path, signature: Signature) -> Forest:
    """The forest of the document at `path`, with the columns and labels of the signature, in their order.

    Raises what `open_document` raises.
    """
    return open_document(path, signature)[0]


def open_document(path: Path, signature: Signature) -> tuple[Forest, Fields]:
    """The forest, and the fields behind its columns.

    Raises ConversionError: one for all elements and attributes that are not in the subset, or the first thing that is
    broken, or that a forest cannot say.
    """
    trees: list[Trees] = []

    def take(model: Model, dictionary: Dictionary) -> int:
        # Everything about the fields stands before the first tree.
        if not trees:
            fields = Fields(dictionary, signature.columns)
            fields.begin(_top(model).schema)
            trees.append(Trees(fields, signature.labels))
        return trees[0].add(model)

    model = reading.read(path, take)
    if not trees:
        raise BrokenDocumentError("it holds no tree", model.element, "no-trees")
    if (model.attributes.get("functionName") == "classification") != bool(signature.labels):
        raise unsupported("a classifier where the signature has no labels, or the other way round", "functionName")
    found = ensemble.read(model, signature.labels, trees[0].chosen)
    _check_types(model, trees[0].fields, found.single)
    made = _assembled(found, trees[0], signature)
    return vouched(made, lambda what: BrokenDocumentError(what, model.element)), trees[0].fields


def _top(model: Model) -> Model:
    while model.parent is not None:
        model = model.parent
    return model


def _check_types(model: Model, fields: Fields, single: bool) -> None:
    """What is predicted leaves the document as it was computed, in no narrower type."""
    known = ("double", "float") if single else ("double",)
    for name, own in model.schema.items():
        data = fields.dictionary.get(name)
        if own.get("usageType") in ("target", "predicted") and data is not None:
            regression = model.attributes.get("functionName") == "regression"
            if regression and (data.data_type not in known or data.optype != "continuous"):
                raise unsupported(f"a number as {data.optype} {data.data_type}", f"DataField {name}")
    last = model.segments[-1].model if model.segments else None
    for output in [*model.outputs, *(last.outputs if last is not None else ())]:
        if output.get("feature") == "probability" and output.get("dataType", "double") not in known:
            raise unsupported(f"a probability as {output.get('dataType')}", f"OutputField {output.get('name')}")


def _assembled(found: Ensemble, trees: Trees, signature: Signature) -> Forest:
    import numpy as np

    own = [trees.fields.own_of(column) for column in sorted(trees.fields.used)]
    # Where every column that is asked for is float32 so is the forest; else thresholds say it for those that are.
    single = bool(own) and all(one.data.data_type == "float" or one.codes is not None for one in own)
    if not single:
        _widen(trees)
    nodes, tables = trees.splits.tables(len(signature.columns))
    placed = _placed(found, len(trees.leaves))
    values = [np.array(own) * scale for own, (_, scale) in zip(trees.values, placed, strict=True)]
    return Forest(
        columns=_columns(signature.columns, trees.fields),
        labels=tuple(signature.labels),
        outputs=len(found.margins),
        width=found.width,
        decisions=trees.decisions.decisions(),
        tree_leaves=np.array(trees.leaves, dtype=np.int64),
        tree_output=np.array([output for output, _ in placed], dtype=np.int64),
        nodes=nodes,
        tables=tables,
        leaf_value=_rounded(np.concatenate(values), found),
        # A tree that stands alone keeps its zeros' signs.
        base=np.full(len(found.margins), -0.0) if found.margins[0].alone else _rounded(_base(found), found),
        leaf_rows=leaf_rows(trees.leaves, trees.rows),
        read="float32" if single else "float64",
        sum="float32" if found.single else "float64",
        base_at="start" if found.margins[0].alone else "end",
        divisor=found.divisor,
        link=found.link,
        label=found.label,
        source={"format": "pmml"},
    )


def _rounded(values: np.ndarray, found: Ensemble) -> np.ndarray:
    """Values of the type that is summed in, as float64. Beyond its range they are infinite, which is refused."""
    import numpy as np

    with np.errstate(over="ignore"):
        return values.astype("float32" if found.single else "float64").astype(np.float64)


def _base(found: Ensemble) -> np.ndarray:
    import numpy as np

    return np.array([margin.constant * found.divisor for margin in found.margins], dtype=np.float64)


def _placed(found: Ensemble, count: int) -> list[tuple[int, float]]:
    """The output that each tree adds to, and what its leaves are multiplied with."""
    placed: list[tuple[int, float] | None] = [None] * count
    for output, margin in enumerate(found.margins[:1] if found.width > 1 else found.margins):
        for tree, weight in margin.trees:
            if placed[tree] is not None:
                raise unsupported("an output of trees that is used twice", "NumericPredictor name")
            # Exactly the weight, where the forest's divisor is the margin's.
            scale = margin.factor / margin.divisor * found.divisor
            placed[tree] = output, weight * (1.0 if abs(scale - 1) < _ROUNDING else scale)
    if None in placed:
        raise unsupported("trees that nothing is made of", "OutputField name")
    return [one for one in placed if one is not None]


def _widen(trees: Trees) -> None:
    """Compare float32 columns as they come, in float64."""
    splits = trees.splits
    for node, column in enumerate(splits.column):
        threshold = splits.threshold[node]
        if threshold == threshold and trees.fields.own_of(column).data.data_type == "float":
            splits.threshold[node] = numbers.widest(threshold)


def _columns(columns: tuple[Column, ...], fields: Fields) -> tuple[Column, ...]:
    """The signature's, with what the trees do with a missing value."""
    return tuple(
        replace(column, missing="refused" if number in fields.refused else column.missing or "nan")
        if number in fields.used
        else column
        for number, column in enumerate(columns)
    )

"""Pipelines of scikit-learn, through nyoka: transformers one after the other, then a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlconvert.errors import Refusal
from mlconvert.signature import Signature
from mlconvert_plugins.nyokawriter import calling, document, fields, models, names, transformers

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

_BESIDE = ("Header", "DataDictionary", "TransformationDictionary")


def steps_of(estimator: Any) -> list[Any]:
    """The fitted steps of a pipeline, the model last; those of pipelines within it, too."""
    steps = getattr(estimator, "steps", None)
    if steps is None:
        return [estimator]
    return [inner for _, step in steps if step is not None and step != "passthrough" for inner in steps_of(step)]


def refusals(estimator: Any, signature: Signature) -> Iterator[Refusal]:
    """What of an estimator nyoka cannot write: columns, steps, parameters."""
    *before, model = steps_of(estimator)
    for column in signature.columns:
        if column.type != "numeric":
            message = f"nyoka writes numbers alone, and {column.name!r} is {column.type}"
            fix = "convert it with JPMML, without --via"
            yield Refusal("unsupported-column", message, column.name, fix)
    for step in before:
        yield from transformers.refusals(step)
    yield from models.refusals(model)


def export(estimator: Any, signature: Signature, folder: Path, target: str | None = None) -> Element:
    """The root of the repaired document. Raises ConversionError with nyoka's reason."""
    *before, model = steps_of(estimator)
    own = names.of(signature.columns, signature.labels, target)
    kind = models.KINDS[type(model).__name__]
    root = calling.export("skl_to_pmml", [*map(transformers.shell, before), kind.shell(model, own)], own, folder)
    element = next(one for one in root if one.tag not in _BESIDE)
    kind.repair(element, model)
    for one in root.iter("MiningField"):
        if "missingValueReplacement" in one.attrib:
            one.set("missingValueTreatment", "asValue")
    fields.repair(root, element, own, float32=models.forest_of(model) is not None)
    own.restore(root)
    document.sign(root, {})
    return root

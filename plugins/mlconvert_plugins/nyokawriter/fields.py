"""Fields: their types, and each model's schema of those that it uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlconvert_plugins.nyokawriter.document import child, drop, made
from mlconvert_plugins.nyokawriter.names import TARGET, Names

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# Where a model names a field that it uses.
_USES = {"SimplePredicate": "field", "NumericPredictor": "name", "FieldRef": "field"}
_BEFORE_TRANSFORMATIONS = ("MiningSchema", "Output", "Targets")


def repair(root: Element, model: Element, names: Names, *, float32: bool) -> None:
    """Give the fields their types, and leave out the columns that nothing in the model refers to.

    `float32`: the model rounds what it compares to float32 first.
    """
    _forget_unused(root)
    dictionary = child(root, "DataDictionary")
    gone = set(names.stand_ins) - _used(root)
    compared = {one.get("field") for one in root.iter("SimplePredicate")} if float32 else set()
    for parent in (dictionary, child(model, "MiningSchema")):
        for one in parent[:]:
            if one.get("name") in gone:
                parent.remove(one)
    for one in (*dictionary, *root.iter("DerivedField")):
        if one.get("name") != TARGET and one.get("optype") == "continuous":
            one.set("dataType", "float" if one.get("name") in compared else "double")
    dictionary.set("numberOfFields", str(len(dictionary)))
    _type_answers(root, names.class_type or "double")
    if model.tag == "MiningModel":
        _own_transformations(root, model)


def _forget_unused(root: Element) -> None:
    """Leave out derived fields that neither the model nor a later one refers to."""
    uses = Counter(_uses(root))
    for parent in root.findall("TransformationDictionary"):
        for one in reversed(parent[:]):
            if not uses[one.get("name", "")]:
                parent.remove(one)
                uses.subtract(_uses(one))


def _type_answers(root: Element, data_type: str) -> None:
    child(root, f"DataDictionary/DataField[@name='{TARGET}']").set("dataType", data_type)
    for output in root.iter("OutputField"):
        if output.get("feature") == "probability":
            output.set("name", f"probability({output.get('value')})")
        elif output.get("name") == f"predicted_{TARGET}":
            output.set("dataType", data_type)


def _own_transformations(root: Element, model: Element) -> None:
    """Derive fields once, in the model of models; those within ask for what they use, and for nothing else."""
    for segment in model.iter("Segment"):
        inner = segment[1]
        schema = child(inner, "MiningSchema")
        target = [one for one in schema if one.get("usageType") == "target"]
        drop(schema, "MiningField")
        schema.extend(made("MiningField", name=field) for field in sorted(_used(inner)))
        schema.extend(target)
    derived = root.findall("TransformationDictionary/DerivedField")
    drop(root, "TransformationDictionary")
    if derived:
        place = sum(one.tag in _BEFORE_TRANSFORMATIONS for one in model)
        model.insert(place, made("LocalTransformations", *derived))


def _used(within: Element) -> set[str]:
    return set(_uses(within))


def _uses(within: Element) -> Iterator[str]:
    return (one.get(_USES[one.tag], "") for one in within.iter() if one.tag in _USES)

"""The dictionary and the schema of the whole model: types, and only what the model uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlconvert_plugins.nyokawriter.document import child
from mlconvert_plugins.nyokawriter.names import TARGET, Names

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_REFERENCES = ("SimplePredicate", "FieldRef", "NumericPredictor", "BayesInput")


def repair(root: Element, model: Element, names: Names, *, float32: bool) -> None:
    """Give the fields their types, and leave out the columns that nothing in the model refers to.

    `float32`: the model rounds what it compares to float32 first.
    """
    dictionary = child(root, "DataDictionary")
    used = {TARGET} | {
        value
        for element in root.iter()
        if element.tag in _REFERENCES
        for key, value in element.attrib.items()
        if key in ("field", "name", "fieldName")
    }
    compared = {one.get("field") for one in root.iter("SimplePredicate")}
    for one in dictionary.findall("DataField"):
        if one.get("name") not in used:
            dictionary.remove(one)
        elif one.get("name") == TARGET:
            one.set("dataType", names.class_type or "double")
        else:
            one.set("dataType", "float" if float32 and one.get("name") in compared else "double")
    for one in root.iter("DerivedField"):
        if float32 and one.get("name") in compared:
            one.set("dataType", "float")
    dictionary.set("numberOfFields", str(len(dictionary)))
    gone = {column for column in names.stand_ins if column not in used}
    for schema in model.iter("MiningSchema"):
        for one in schema.findall("MiningField"):
            if one.get("name") in gone:
                schema.remove(one)
    for output in model.iter("OutputField"):
        if output.get("feature") == "probability":
            output.set("name", f"probability({output.get('value')})")
        elif output.get("name") == f"predicted_{TARGET}":
            output.set("dataType", names.class_type or "double")

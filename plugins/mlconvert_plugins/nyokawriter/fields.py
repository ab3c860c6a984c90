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

    `float32`: the source rounds what it is given to float32 before anything else.
    """
    dictionary = child(root, "DataDictionary")
    used = {TARGET} | {
        value
        for element in root.iter()
        if element.tag in _REFERENCES
        for key, value in element.attrib.items()
        if key in ("field", "name", "fieldName")
    }
    for one in dictionary.findall("DataField"):
        if one.get("name") not in used:
            dictionary.remove(one)
        elif one.get("name") == TARGET:
            one.set("dataType", names.class_type or "double")
        else:
            one.set("dataType", "float" if float32 else "double")
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

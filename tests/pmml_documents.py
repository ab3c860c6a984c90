"""PMML documents written by hand, in the manner of the Data Mining Group's examples, and documents made of mutants."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from xml.etree import ElementTree as ET

from mlconvert.artifact import Artifact
from mlconvert_plugins.pmmlfile import outline, signatures

NAMESPACE = "http://www.dmg.org/PMML-4_4"
NUMBERS = "".join(f'<DataField name="{name}" optype="continuous" dataType="double"/>' for name in "xz")
CITY = (
    '<DataField name="city" optype="categorical" dataType="string">'
    '<Value value="Bern"/><Value value="New &lt;York&gt;"/><Value value="Ülm"/></DataField>'
)
TARGET = '<DataField name="y" optype="continuous" dataType="double"/>'
CLASSES = (
    '<DataField name="y" optype="categorical" dataType="string"><Value value="no"/><Value value="yes"/></DataField>'
)
SHARES = '<ScoreDistribution value="no" recordCount="{}"/><ScoreDistribution value="yes" recordCount="{}"/>'
PROBABILITIES = (
    '<Output><OutputField name="p(no)" optype="continuous" dataType="double" feature="probability" value="no"/>'
    '<OutputField name="p(yes)" optype="continuous" dataType="double" feature="probability" value="yes"/></Output>'
)


def document(model: str, fields: str = NUMBERS + CITY, target: str = TARGET, around: str = "") -> str:
    """A whole document; `around` is a TransformationDictionary."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<PMML xmlns="{NAMESPACE}" version="4.4">\n'
        f"<Header/><DataDictionary>{target}{fields}</DataDictionary>{around}\n{model}\n</PMML>\n"
    )


def schema(*fields: str, target: str = '<MiningField name="y" usageType="target"/>', **attributes: str) -> str:
    """A mining schema; `attributes` are those of each field, by its name."""
    own = "".join(f'<MiningField name="{name}" {attributes.get(name, "")}/>' for name in fields or ("x", "z", "city"))
    return f"<MiningSchema>{target}{own}</MiningSchema>"


def tree(nodes: str, attributes: str = "", own: str | None = None, function: str = "regression") -> str:
    """A TreeModel."""
    return f'<TreeModel functionName="{function}" {attributes}>{schema() if own is None else own}{nodes}</TreeModel>'


def node(predicate: str, children: str = "", **attributes: object) -> str:
    """A Node; `score`, `id` and `defaultChild` are its attributes."""
    said = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"<Node {said}>{predicate}{children}</Node>"


def simple(field: str, operator: str, value: object = None) -> str:
    said = "" if value is None else f' value="{value}"'
    return f'<SimplePredicate field="{field}" operator="{operator}"{said}/>'


def members(field: str, texts: str, operator: str = "isIn", kind: str = "string") -> str:
    array = f'<Array type="{kind}">{texts}</Array>'
    return f'<SimpleSetPredicate field="{field}" booleanOperator="{operator}">{array}</SimpleSetPredicate>'


def compound(operator: str, *parts: str) -> str:
    return f'<CompoundPredicate booleanOperator="{operator}">{"".join(parts)}</CompoundPredicate>'


def segments(method: str, *models: str, function: str = "regression", inside: str = "", **weights: str) -> str:
    """A MiningModel; `weights` are those of segments, by `w1`, `w2`, ..."""
    parts = "".join(
        f"<Segment{_weight(weights.get(f'w{number}'))}><True/>{model}</Segment>"
        for number, model in enumerate(models, 1)
    )
    return (
        f'<MiningModel functionName="{function}">{schema()}{inside}'
        f'<Segmentation multipleModelMethod="{method}">{parts}</Segmentation></MiningModel>'
    )


def _weight(text: str | None) -> str:
    return "" if text is None else f' weight="{text}"'


def opened(path: Path) -> Artifact:
    """The document with the signature that it has by itself."""
    return Artifact(path, "pmml", None, signatures.of(outline.read(path)))


# --- mutants -------------------------------------------------------------------------------------------

_INSTEAD = {
    "operator": ["equal", "notEqual", "lessThan", "lessOrEqual", "greaterThan", "greaterOrEqual", "isMissing"],
    "missingValueStrategy": ["none", "defaultChild", "nullPrediction", "lastPrediction", "weightedConfidence"],
    "noTrueChildStrategy": ["returnNullPrediction", "returnLastPrediction"],
    "booleanOperator": ["isIn", "isNotIn", "and", "or", "xor", "surrogate"],
    "functionName": ["regression", "classification"],
    "multipleModelMethod": ["sum", "average", "weightedAverage", "max", "median", "modelChain", "majorityVote"],
    "normalizationMethod": ["none", "logit", "softmax", "exp", "simplemax", "probit"],
    "invalidValueTreatment": ["asIs", "asMissing", "returnInvalid", "asValue"],
    "x-mathContext": ["float", "double"],
    "dataType": ["float", "double", "integer", "string"],
    "usageType": ["active", "supplementary", "target"],
    "rescaleConstant": ["1.25"],
    "coefficient": ["2.0", "-1.0"],
    "intercept": ["0.5", "-1"],
    "targetCategory": ["0", "1", "9"],
}
_MORE = {
    "MiningField": [("missingValueReplacement", "0.5"), ("invalidValueTreatment", "asMissing"), ("outliers", "asIs")],
    "Segment": [("weight", "0.5")],
    "Target": [("rescaleFactor", "-0.5"), ("castInteger", "round")],
    "TreeModel": [("noTrueChildStrategy", "returnLastPrediction"), ("missingValueStrategy", "lastPrediction")],
    "NumericPredictor": [("exponent", "2")],
}


def mutant(content: str, seed: int) -> str:
    """The document with one edit: an attribute changed, added or dropped, an element dropped, doubled or moved."""
    ET.register_namespace("", NAMESPACE)
    root = ET.fromstring(content)
    generator = random.Random(seed)
    generator.choice([_change, _change, _add, _drop_attribute, _drop_element, _compound, _shuffle])(root, generator)
    return ET.tostring(root, encoding="unicode")


def _change(root: ET.Element, generator: random.Random) -> None:
    found = [(element, key) for element in root.iter() for key in element.attrib if key in _INSTEAD]
    element, key = generator.choice(found)
    element.attrib[key] = generator.choice(_INSTEAD[key])
    if element.attrib[key] == "isMissing":
        element.attrib.pop("value")


def _add(root: ET.Element, generator: random.Random) -> None:
    found = [(element, more) for element in root.iter() for more in _MORE.get(_name(element), ())]
    element, (key, value) = generator.choice(found)
    element.attrib[key] = value


def _drop_attribute(root: ET.Element, generator: random.Random) -> None:
    element = generator.choice([element for element in root.iter() if element.attrib])
    element.attrib.pop(generator.choice(list(element.attrib)))


def _drop_element(root: ET.Element, generator: random.Random) -> None:
    parent = generator.choice([element for element in root.iter() if len(element) and element is not root])
    parent.remove(generator.choice(list(parent)))


def _compound(root: ET.Element, generator: random.Random) -> None:
    kinds = ("SimplePredicate", "SimpleSetPredicate")
    found = [(parent, place) for parent in root.iter() for place, one in enumerate(parent) if _name(one) in kinds]
    parent, place = generator.choice(found)
    operator = generator.choice(["and", "or", "xor", "surrogate"])
    made = ET.Element(f"{{{NAMESPACE}}}CompoundPredicate", {"booleanOperator": operator})
    other, number = generator.choice(found)
    made.extend([parent[place], copy.deepcopy(other[number])])
    parent[place] = made


def _shuffle(root: ET.Element, generator: random.Random) -> None:
    parent = generator.choice([element for element in root.iter() if any(_name(one) == "Node" for one in element)])
    children = [one for one in parent if _name(one) == "Node"]
    for child in children:
        parent.remove(child)
    generator.shuffle(children)
    parent.extend(children)


def _name(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]

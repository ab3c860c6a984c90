"""The subset of PMML that is read: elements, what may stand in them, and their attributes. Everything else is refused.

A name after `-` is known not to bear on the answer. Elements in `OPAQUE` are not looked into, for the same reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mlconvert.errors import Refusal
from mlconvert.text import for_terminal

_MODEL = "modelName algorithmName isScorable"
_PREDICATES = "True False SimplePredicate SimpleSetPredicate CompoundPredicate"
_AROUND = "MiningSchema Output Targets LocalTransformations ModelStats ModelExplanation ModelVerification Extension"

# Element: its attributes, those that do not matter, its children.
_ELEMENTS = {
    "PMML": ("version", "baseVersion {http://www.w3.org/2001/XMLSchema-instance}schemaLocation",
             "Header MiningBuildTask DataDictionary TransformationDictionary TreeModel MiningModel Extension"),
    "DataDictionary": ("", "numberOfFields", "DataField Extension"),
    "DataField": ("name optype dataType", "displayName", "Value Interval Extension"),
    "Value": ("value property", "displayValue", ""),
    "Interval": ("closure leftMargin rightMargin", "", ""),
    "TransformationDictionary": ("", "", "DerivedField Extension"),
    "LocalTransformations": ("", "", "DerivedField Extension"),
    "DerivedField": ("name optype dataType", "displayName", "FieldRef Extension"),
    "FieldRef": ("field", "", ""),
    "MiningModel": ("functionName x-mathContext", _MODEL, f"{_AROUND} Segmentation"),
    "TreeModel": ("functionName missingValueStrategy noTrueChildStrategy x-mathContext",
                  # The penalty bears on confidences alone.
                  f"splitCharacteristic missingValuePenalty {_MODEL}", f"{_AROUND} Node"),
    "RegressionModel": ("functionName normalizationMethod x-mathContext", f"modelType targetFieldName {_MODEL}",
                        f"{_AROUND} RegressionTable"),
    "MiningSchema": ("", "", "MiningField Extension"),
    "MiningField": ("name usageType optype missingValueReplacement missingValueTreatment invalidValueTreatment"
                    " invalidValueReplacement", "importance", "Extension"),
    "Output": ("", "", "OutputField Extension"),
    "OutputField": ("name dataType feature value isFinalResult", "optype displayName targetField", "Extension"),
    "Targets": ("", "", "Target Extension"),
    "Target": ("field rescaleConstant rescaleFactor", "optype", "Extension"),
    # Predictions are missing where rows are refused alone.
    "Segmentation": ("multipleModelMethod missingPredictionTreatment", "missingThreshold", "Segment Extension"),
    "Segment": ("weight", "id", f"{_PREDICATES} MiningModel TreeModel RegressionModel Extension"),
    "Node": ("id score defaultChild recordCount", "", f"{_PREDICATES} ScoreDistribution Node Partition Extension"),
    "ScoreDistribution": ("value recordCount probability", "confidence", "Extension"),
    "True": ("", "", ""),
    "False": ("", "", ""),
    "SimplePredicate": ("field operator value", "", "Extension"),
    "SimpleSetPredicate": ("field booleanOperator", "", "Array Extension"),
    "CompoundPredicate": ("booleanOperator", "", f"{_PREDICATES} Extension"),
    "Array": ("type", "n", ""),
    "RegressionTable": ("intercept targetCategory", "", "NumericPredictor Extension"),
    "NumericPredictor": ("name coefficient exponent", "", "Extension"),
}  # fmt: skip
OPAQUE = frozenset(
    ["Header", "MiningBuildTask", "ModelStats", "ModelExplanation", "ModelVerification", "Partition", "Extension"]
)
# Extensions that say something for people. In an opaque element there may be others.
_EXTENSIONS = frozenset(["X-FeatureImportances"])
# What an attribute may say, where only some of it is known.
_VALUES = {
    ("SimplePredicate", "operator"):
        "equal notEqual lessThan lessOrEqual greaterThan greaterOrEqual isMissing isNotMissing",
    ("SimpleSetPredicate", "booleanOperator"): "isIn isNotIn",
    ("CompoundPredicate", "booleanOperator"): "and or xor surrogate",
    ("TreeModel", "missingValueStrategy"): "none defaultChild nullPrediction lastPrediction",
    ("TreeModel", "noTrueChildStrategy"): "returnNullPrediction returnLastPrediction",
    ("TreeModel", "functionName"): "regression classification",
    ("MiningModel", "functionName"): "regression classification",
    ("RegressionModel", "functionName"): "regression classification",
    ("RegressionModel", "normalizationMethod"): "none logit softmax exp simplemax",
    ("Segmentation", "multipleModelMethod"): "sum average weightedAverage weightedSum modelChain",
    ("Segmentation", "missingPredictionTreatment"): "continue returnMissing",
    ("MiningField", "usageType"): "active target predicted supplementary",
    ("MiningField", "invalidValueTreatment"): "returnInvalid asIs asMissing asValue",
    ("NumericPredictor", "exponent"): "1 1.0",
    **{(model, "x-mathContext"): "float double" for model in ("MiningModel", "TreeModel", "RegressionModel")},
    **{(model, "isScorable"): "true" for model in ("MiningModel", "TreeModel", "RegressionModel")},
}  # fmt: skip

_KNOWN = {
    name: (frozenset(f"{own} {ignored}".split()), frozenset(children.split()))
    for name, (own, ignored, children) in _ELEMENTS.items()
}
_CHECKED = {key: frozenset(values.split()) for key, values in _VALUES.items()}
_CHECKED_IN = {element: [key for key in _CHECKED if key[0] == element] for element in _ELEMENTS}
_MOST = 20


@dataclass
class Subset:
    """Holds elements to the subset, and collects what is not in it, once each."""

    refusals: dict[str, Refusal] = field(default_factory=dict)

    def admits(self, parent: str | None, name: str, attributes: dict[str, str]) -> bool:
        """Whether to look into the element; what is wrong with it has been noted."""
        if parent is not None and name not in _KNOWN[parent][1]:
            self._refuse(f"{parent}/{name}", f"the element {name} in a {parent}")
            return False
        if name in OPAQUE:
            if name == "Extension" and attributes.get("name") not in _EXTENSIONS:
                self._refuse(f"Extension {attributes.get('name')}", f"the extension {attributes.get('name')!r}")
            return False
        if not attributes.keys() <= _KNOWN[name][0]:
            for attribute in sorted(attributes.keys() - _KNOWN[name][0]):
                self._refuse(f"{name} {attribute}", f"the attribute {attribute} of a {name}")
        for key in _CHECKED_IN[name]:
            value = attributes.get(key[1])
            if value is not None and value not in _CHECKED[key]:
                self._refuse(f"{name} {key[1]}", f"{key[1]} {value!r} of a {name}")
        return True

    def _refuse(self, where: str, what: str) -> None:
        if where not in self.refusals and len(self.refusals) < _MOST:
            self.refusals[where] = Refusal(
                "unsupported-pmml", f"{for_terminal(what, 200)} is not known here", for_terminal(where, 200),
                "convert with JPMML instead: --via pmml2jar takes any document that it can evaluate",
            )  # fmt: skip

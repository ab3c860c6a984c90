"""What a document says around its trees: header, fields, schema, outputs. One pass, no tree of the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mlconvert_plugins.pmmlfile.dictionary import Dictionary
from mlconvert_plugins.pmmlfile.errors import BrokenDocumentError
from mlconvert_plugins.pmmlfile.parsing import Listener, parse

# What may stand beside the model, right below the root.
_BESIDE = ("Header", "MiningBuildTask", "DataDictionary", "TransformationDictionary", "Extension")
_TARGETS = ("target", "predicted")


@dataclass(frozen=True)
class OutputField:
    """A field of the result; `value` is the category that a `probability` is of."""

    name: str
    feature: str
    value: str | None
    final: bool


@dataclass
class Outline:
    """A document without its trees.

    `schema` holds the attributes of the top-level model's mining fields by name, in order. `outputs` are those of the
    model, and of the last model of its chain where it is one (`chained`). `timestamp` and `model_end` are places in the
    file, in bytes: where the header's time stamp begins and its end tag stands, and where the model's end tag stands.
    """

    namespace: str = ""
    version: str = ""
    generator: str = ""
    model: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    fields: Dictionary = field(default_factory=Dictionary)
    schema: dict[str, Mapping[str, str]] = field(default_factory=dict)
    outputs: list[OutputField] = field(default_factory=list)
    elements: Counter[str] = field(default_factory=Counter)
    chained: bool = False
    verification_rows: int = 0
    timestamp: tuple[int, int] | None = None
    model_end: int = -1

    @property
    def active(self) -> list[str]:
        """The fields that the model asks for, in its order."""
        return [name for name, own in self.schema.items() if own.get("usageType", "active") == "active"]

    @property
    def target(self) -> str | None:
        """The field that it predicts; None where the document names none."""
        found = [name for name, own in self.schema.items() if own.get("usageType") in _TARGETS]
        return found[0] if found else None

    @property
    def probabilities(self) -> dict[str, str]:
        """The output fields that hold the probability of a category, by the category."""
        return {one.value: one.name for one in self.outputs if one.feature == "probability" and one.value is not None}

    @property
    def is_classifier(self) -> bool:
        """Whether it predicts a category."""
        return self.attributes.get("functionName") == "classification"


def read(path: Path) -> Outline:
    """The outline of the document at `path`. Raises BrokenDocumentError for what is no sound PMML."""
    listener = _Listener()
    parse(path, listener)
    found = listener.outline
    if not found.model:
        raise BrokenDocumentError("it holds no model", "PMML", "no-model", "export it with its model")
    missing = [name for name in found.schema if name not in found.fields]
    if missing:
        raise BrokenDocumentError("the data dictionary does not have it", f"MiningField {missing[0]}")
    return found


class _Listener(Listener):
    """Collects the outline. `path` are the open elements.

    The output fields of a chain are those of its last model: `mains` are the depths of the models whose outputs count,
    `chains` those of the segmentations that lead on to the next one.
    """

    def __init__(self) -> None:
        self.outline = Outline()
        self.path: list[str] = []
        self.mains = [2]
        self.chains: list[int] = []
        self.outputs: list[tuple[int, OutputField]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name)
        self.outline.elements[name] += 1
        handler = _STARTS.get(name)
        if handler is not None:
            handler(self, attributes)
        elif len(self.path) == 2 and name not in _BESIDE:
            self._model(name, attributes)

    def end(self, name: str) -> None:
        if len(self.path) == 2 and name == self.outline.model:
            self.outline.model_end = self.place()
            self.outline.outputs = [one for _, one in self.outputs]
        elif name == "Timestamp" and self.outline.timestamp is not None:
            self.outline.timestamp = (self.outline.timestamp[0], self.place())
        self.path.pop()

    def _model(self, name: str, attributes: dict[str, str]) -> None:
        if self.outline.model:
            message = f"it holds a {self.outline.model} and a {name}"
            raise BrokenDocumentError(message, name, "several-models", "give each a document of its own")
        self.outline.model, self.outline.attributes = name, attributes

    def _root(self, attributes: dict[str, str]) -> None:
        self.outline.version, self.outline.namespace = attributes["version"], self.namespace

    def _timestamp(self, attributes: dict[str, str]) -> None:
        if self.path[1:] == ["Header", "Timestamp"]:
            self.outline.timestamp = (self.place(), -1)

    def _application(self, attributes: dict[str, str]) -> None:
        if self.path[1] == "Header":
            self.outline.generator = " ".join(filter(None, (attributes.get("name"), attributes.get("version"))))

    def _data_field(self, attributes: dict[str, str]) -> None:
        self.outline.fields.add_field(attributes)

    def _value(self, attributes: dict[str, str]) -> None:
        if self.path[-2] == "DataField":
            self.outline.fields.add_value(attributes)

    def _interval(self, attributes: dict[str, str]) -> None:
        if self.path[-2] == "DataField":
            self.outline.fields.add_interval(attributes)

    def _mining_field(self, attributes: dict[str, str]) -> None:
        if len(self.path) == 4:
            self.outline.schema[attributes.get("name", "")] = attributes

    def _output_field(self, attributes: dict[str, str]) -> None:
        depth = len(self.path) - 2
        if depth not in self.mains:
            return
        final = attributes.get("isFinalResult", "true") == "true"
        feature = attributes.get("feature", "predictedValue")
        self.outputs.append((depth, OutputField(attributes.get("name", ""), feature, attributes.get("value"), final)))

    def _segmentation(self, attributes: dict[str, str]) -> None:
        depth = len(self.path)
        if depth - 1 in self.mains and attributes.get("multipleModelMethod") == "modelChain":
            self.chains.append(depth)
            self.outline.chained = True

    def _segment(self, attributes: dict[str, str]) -> None:
        depth = len(self.path)
        if depth - 1 in self.chains:
            self.chains = [one for one in self.chains if one < depth]
            self.mains = [one for one in self.mains if one < depth] + [depth + 1]
            self.outputs = [one for one in self.outputs if one[0] < depth]

    def _row(self, attributes: dict[str, str]) -> None:
        self.outline.verification_rows += self.path[2] == "ModelVerification"


_STARTS: Mapping[str, Callable[[_Listener, dict[str, str]], None]] = {
    "PMML": _Listener._root,
    "Timestamp": _Listener._timestamp,
    "Application": _Listener._application,
    "DataField": _Listener._data_field,
    "Value": _Listener._value,
    "Interval": _Listener._interval,
    "MiningField": _Listener._mining_field,
    "OutputField": _Listener._output_field,
    "Segmentation": _Listener._segmentation,
    "Segment": _Listener._segment,
    "row": _Listener._row,
}

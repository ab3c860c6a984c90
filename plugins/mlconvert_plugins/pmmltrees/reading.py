"""From a document's elements to models, one tree at a time: a tree is handed over when it ends, and forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlconvert.errors import Refusal, refuse
from mlconvert_plugins.pmmlfile.dictionary import Dictionary
from mlconvert_plugins.pmmlfile.errors import BrokenDocumentError
from mlconvert_plugins.pmmlfile.parsing import Listener, parse
from mlconvert_plugins.pmmltrees.model import (
    Compound,
    Constant,
    Derived,
    Members,
    Model,
    Node,
    Predicate,
    Segment,
    Simple,
    Table,
)
from mlconvert_plugins.pmmltrees.subset import Subset

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_MODELS = ("TreeModel", "MiningModel", "RegressionModel")
_OPERATORS_WITHOUT_VALUE = ("isMissing", "isNotMissing")


Take = Callable[[Model, Dictionary], int]


def read(path: Path, take: Take) -> Model:
    """The top-level model. `take` gets each TreeModel when it is complete, with the data fields; it answers its number.

    Raises ConversionError: one for all that is not in the subset, or for what is broken.
    """
    reader = _Reader(take)
    parse(path, reader)
    refuse(reader.subset.refusals.values(), where=path.name)
    if reader.model is None:
        raise BrokenDocumentError("it holds no model", "PMML", "no-model")
    return reader.model


def refusals(path: Path) -> list[Refusal]:
    """What in the document is not in the subset, without a look at what its trees mean."""
    reader = _Reader(lambda model, fields: 0)
    parse(path, reader)
    return list(reader.subset.refusals.values())


class _Open:
    """An element that is open: what is made of it, and the text in it where that matters."""

    __slots__ = ("made", "name", "texts")

    def __init__(self, name: str, made: Any, texts: list[str] | None = None) -> None:
        self.name, self.made, self.texts = name, made, texts


class _Reader(Listener):
    """Makes models. An element's maker gets what its parent has made, and its attributes."""

    def __init__(self, take: Take) -> None:
        self.take = take
        self.subset = Subset()
        self.model: Model | None = None
        self.fields = Dictionary()
        self.derived: dict[str, Derived] = {}
        self.stack: list[_Open] = []
        self.skipped = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        stack = self.stack
        parent = stack[-1] if stack else None
        if self.skipped or not self.subset.admits(parent.name if parent else None, name, attributes):
            self.skipped += 1
            return
        maker = _MAKERS.get(name)
        above = parent.made if parent else None
        stack.append(_Open(name, maker(self, above, attributes) if maker else above, [] if name == "Array" else None))

    def end(self, name: str) -> None:
        if self.skipped:
            self.skipped -= 1
            return
        closed = self.stack.pop()
        closer = _CLOSERS.get(name)
        if closer is not None:
            closer(self, closed)

    def text(self, text: str) -> None:
        if not self.skipped and self.stack and self.stack[-1].texts is not None:
            self.stack[-1].texts.append(text)

    # --- what begins ---------------------------------------------------------------------------------

    def _model(self, above: Any, attributes: dict[str, str], element: str) -> Model:
        parent = above if isinstance(above, Segment) else None
        made = Model(element, attributes, next((one.made for one in reversed(self.stack) if one.name in _MODELS), None))
        if parent is not None:
            _once(parent.model, f"{element} in a Segment")
            parent.model = made
        else:
            _once(self.model, "a second model")
            self.model, made.derived = made, dict(self.derived)
        return made

    def _tree_model(self, above: Any, attributes: dict[str, str]) -> Model:
        return self._model(above, attributes, "TreeModel")

    def _mining_model(self, above: Any, attributes: dict[str, str]) -> Model:
        return self._model(above, attributes, "MiningModel")

    def _regression_model(self, above: Any, attributes: dict[str, str]) -> Model:
        return self._model(above, attributes, "RegressionModel")

    def _mining_field(self, model: Model, attributes: dict[str, str]) -> None:
        name = _needed(attributes, "name", "MiningField")
        _once(model.schema.get(name), f"MiningField {name}")
        model.schema[name] = attributes

    def _data_field(self, above: Any, attributes: dict[str, str]) -> None:
        self.fields.add_field(attributes)

    def _value(self, above: Any, attributes: dict[str, str]) -> None:
        self.fields.add_value(attributes)

    def _interval(self, above: Any, attributes: dict[str, str]) -> None:
        self.fields.add_interval(attributes)

    def _derived_field(self, above: Model | None, attributes: dict[str, str]) -> Derived:
        made = Derived(_needed(attributes, "name", "DerivedField"), attributes.get("dataType", ""))
        known = self.derived if above is None else above.derived
        _once(known.get(made.name), f"DerivedField {made.name}")
        known[made.name] = made
        return made

    def _field_ref(self, derived: Derived, attributes: dict[str, str]) -> None:
        derived.field = _needed(attributes, "field", "FieldRef")

    def _output_field(self, model: Model, attributes: dict[str, str]) -> None:
        model.outputs.append(attributes)

    def _target(self, model: Model, attributes: dict[str, str]) -> None:
        model.targets.append(attributes)

    def _segmentation(self, model: Model, attributes: dict[str, str]) -> Model:
        _once(model.method or None, "a second Segmentation")
        model.method = _needed(attributes, "multipleModelMethod", "Segmentation")
        return model

    def _segment(self, model: Model, attributes: dict[str, str]) -> Segment:
        made = Segment(attributes.get("weight"))
        model.segments.append(made)
        return made

    def _node(self, above: Any, attributes: dict[str, str]) -> Node:
        get = attributes.get
        made = Node(get("id"), get("score"), get("defaultChild"), get("recordCount"))
        if isinstance(above, Node):
            above.children.append(made)
        else:
            _once(above.root, "a second root Node")
            above.root = made
        return made

    def _score_distribution(self, node: Node, attributes: dict[str, str]) -> None:
        get = attributes.get
        node.shares.append((get("value"), get("recordCount"), get("probability")))

    def _regression_table(self, model: Model, attributes: dict[str, str]) -> Table:
        made = Table(_needed(attributes, "intercept", "RegressionTable"), attributes.get("targetCategory"))
        model.tables.append(made)
        return made

    def _numeric_predictor(self, table: Table, attributes: dict[str, str]) -> None:
        name, weight = (_needed(attributes, key, "NumericPredictor") for key in ("name", "coefficient"))
        table.terms.append((name, weight))

    # --- predicates: theirs is the parent that they are put into -------------------------------------

    def _true(self, above: Any, attributes: dict[str, str]) -> None:
        _put(above, Constant(True))

    def _false(self, above: Any, attributes: dict[str, str]) -> None:
        _put(above, Constant(False))

    def _simple(self, above: Any, attributes: dict[str, str]) -> None:
        operator, value = _needed(attributes, "operator", "SimplePredicate"), attributes.get("value")
        if (value is None) != (operator in _OPERATORS_WITHOUT_VALUE):
            raise BrokenDocumentError(f"{operator} with the value {value!r}", "SimplePredicate value")
        _put(above, Simple(_needed(attributes, "field", "SimplePredicate"), operator, value))

    def _set(self, above: Any, attributes: dict[str, str]) -> list[Any]:
        return [above, attributes, None]

    def _compound(self, above: Any, attributes: dict[str, str]) -> list[Any]:
        return [above, _needed(attributes, "booleanOperator", "CompoundPredicate"), []]

    # --- what ends -----------------------------------------------------------------------------------

    def _end_array(self, closed: _Open) -> None:
        text = "".join(closed.texts or ())
        quoted = _TOKEN.findall(text)
        closed.made[2] = tuple(bare or re.sub(r"\\(.)", r"\1", inner) for inner, bare in quoted)

    def _end_set(self, closed: _Open) -> None:
        above, attributes, values = closed.made
        name = _needed(attributes, "field", "SimpleSetPredicate")
        if values is None:
            raise BrokenDocumentError("it has no Array", f"SimpleSetPredicate {name}")
        inside = _needed(attributes, "booleanOperator", "SimpleSetPredicate") == "isIn"
        _put(above, Members(name, inside, values))

    def _end_compound(self, closed: _Open) -> None:
        above, operator, parts = closed.made
        _put(above, Compound(operator, tuple(parts)))

    def _end_tree(self, closed: _Open) -> None:
        model = closed.made
        if not self.subset.refusals:
            model.tree = self.take(model, self.fields)
        model.root = None


def _put(above: Any, predicate: Predicate) -> None:
    if isinstance(above, list):  # a compound that is open
        above[2].append(predicate)
        return
    _once(above.predicate, "a second predicate")
    above.predicate = predicate


def _needed(attributes: dict[str, str], name: str, element: str) -> str:
    value = attributes.get(name)
    if value is None:
        raise BrokenDocumentError(f"it has no {name}", element)
    return value


def _once(found: object, what: str) -> None:
    if found is not None:
        raise BrokenDocumentError("it stands where one stands already", what)


_MAKERS: dict[str, Callable[[_Reader, Any, dict[str, str]], Any]] = {
    "DataField": _Reader._data_field,
    "Value": _Reader._value,
    "Interval": _Reader._interval,
    "TreeModel": _Reader._tree_model,
    "MiningModel": _Reader._mining_model,
    "RegressionModel": _Reader._regression_model,
    "MiningField": _Reader._mining_field,
    "DerivedField": _Reader._derived_field,
    "FieldRef": _Reader._field_ref,
    "OutputField": _Reader._output_field,
    "Target": _Reader._target,
    "Segmentation": _Reader._segmentation,
    "Segment": _Reader._segment,
    "Node": _Reader._node,
    "ScoreDistribution": _Reader._score_distribution,
    "RegressionTable": _Reader._regression_table,
    "NumericPredictor": _Reader._numeric_predictor,
    "True": _Reader._true,
    "False": _Reader._false,
    "SimplePredicate": _Reader._simple,
    "SimpleSetPredicate": _Reader._set,
    "CompoundPredicate": _Reader._compound,
}
_CLOSERS: dict[str, Callable[[_Reader, _Open], None]] = {
    "Array": _Reader._end_array,
    "SimpleSetPredicate": _Reader._end_set,
    "CompoundPredicate": _Reader._end_compound,
    "TreeModel": _Reader._end_tree,
}

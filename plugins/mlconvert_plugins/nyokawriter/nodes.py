"""A tree of nyoka's document, put right node by node.

nyoka rounds thresholds, knows one comparison, and leaves a row whose value is missing without an answer. Here each of
its nodes is held against the model's own: the shape must be the same, the decision and the score become exact.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from mlconvert_plugins.nyokawriter import names
from mlconvert_plugins.nyokawriter.document import child, drop, made, wrong
from mlconvert_plugins.trees.model import Decision

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from mlconvert_plugins.trees.score import Scorer

_PREDICATES = ("True", "SimplePredicate", "CompoundPredicate")


def repair(model: Element, scorer: Scorer, tree: int) -> None:
    """Make a TreeModel the forest's tree. The fields that are derived from columns are where nyoka has put them.

    Raises ConversionError (`nyoka-wrong`) where the two have different shapes.
    """
    fields: dict[int, str] = {}
    for attribute in ("noTrueChildStrategy", "missingValuePenalty"):
        model.attrib.pop(attribute, None)
    model.set("missingValueStrategy", "defaultChild")
    model.set("splitCharacteristic", "binarySplit")
    numbers = itertools.count()
    stack = [(child(model, "Node"), int(scorer.roots[tree]))]
    while stack:
        node, place = stack.pop()
        node.attrib.pop("recordCount", None)
        node.set("id", str(next(numbers)))
        if place < 0:
            _leaf(node, scorer, ~place)
            continue
        stack += _split(node, scorer, place, fields)
    _name_defaults(model)


def _leaf(node: Element, scorer: Scorer, leaf: int) -> None:
    if node.find("Node") is not None:
        raise wrong("a leaf has nodes below it", "Node")
    values = scorer.forest.leaf_value[leaf].tolist()
    shares = node.findall("ScoreDistribution")
    if scorer.forest.labels and scorer.forest.width > 1:
        if len(shares) != len(values):
            raise wrong("a leaf does not know every class", "ScoreDistribution")
        for share, value in zip(shares, values, strict=True):
            share.attrib.pop("confidence", None)
            share.set("recordCount", repr(value))
            share.set("probability", repr(value))
        node.set("score", names.klass(values.index(max(values))))
    else:
        node.set("score", repr(values[0]))


def _split(node: Element, scorer: Scorer, place: int, fields: dict[int, str]) -> list[tuple[Element, int]]:
    """Give a node's two children their predicates. `defaultChild` is a side, until all nodes have their numbers."""
    children = node.findall("Node")
    if len(children) != 2:
        raise wrong(f"a node has {len(children)} children", "Node")
    node.attrib.pop("score", None)
    forest = scorer.forest
    decision = forest.decisions[forest.nodes.decision[place]]
    threshold = float(scorer.threshold[place])
    asked = child(children[0], "SimplePredicate").get("field", "")
    field = fields.setdefault(int(forest.nodes.column[place]), asked)
    if field != asked or list(fields.values()).count(field) > 1:
        raise wrong(f"a node asks for {asked!r}, where the model asks for another column", "SimplePredicate")
    predicates = (goes_left(field, decision, threshold, forest.zero), made("True"))
    for one, predicate in zip(children, predicates, strict=True):
        for tag in _PREDICATES:
            drop(one, tag)
        one.insert(0, predicate)
    left, right = children
    goes = decision.default == "left" if decision.missing != "none" else threshold >= 0
    node.set("defaultChild", "left" if goes else "right")
    return [(right, int(scorer.children[place, 1])), (left, int(scorer.children[place, 0]))]


def goes_left(field: str, decision: Decision, threshold: float, zero: float) -> Element:
    """What holds of a value that is not missing and goes left. `zero` is the forest's: smaller values are 0."""
    if decision.missing == "zero":
        return _zero_apart(field, decision.default == "left", threshold, zero)
    if threshold == math.inf:
        # No document can hold the number, and no value is above it.
        everything = decision.missing == "none" or decision.default == "left"
        return made("True") if everything else made("SimplePredicate", field=field, operator="isNotMissing")
    # All of [-zero, zero] goes where 0 does.
    if 0 <= threshold < zero:
        threshold = zero
    elif -zero <= threshold < 0:
        threshold = _below(zero)
    return _compared(field, "lessOrEqual", threshold)


def _zero_apart(field: str, zero_left: bool, threshold: float, zero: float) -> Element:
    """As `goes_left`, where 0 goes with what is missing."""
    if zero_left and threshold == math.inf:
        return made("True")
    if zero_left and threshold >= -zero:
        return _compared(field, "lessOrEqual", max(threshold, zero))
    if not zero_left and threshold <= zero:
        return _compared(field, "lessOrEqual", min(threshold, _below(zero)))
    below = _compared(field, "lessOrEqual", threshold)
    if zero_left:
        near = _both("and", _compared(field, "greaterOrEqual", -zero), _compared(field, "lessOrEqual", zero))
        return _both("or", below, near)
    away = _both("or", _compared(field, "lessThan", -zero), _compared(field, "greaterThan", zero))
    return away if threshold == math.inf else _both("and", below, away)


def _below(zero: float) -> float:
    return math.nextafter(-zero, -math.inf)


def _compared(field: str, operator: str, value: float) -> Element:
    return made("SimplePredicate", field=field, operator=operator, value=repr(value))


def _both(operator: str, *predicates: Element) -> Element:
    return made("CompoundPredicate", *predicates, booleanOperator=operator)


def _name_defaults(model: Element) -> None:
    for node in model.iter("Node"):
        side = node.get("defaultChild")
        if side is not None:
            node.set("defaultChild", node.findall("Node")[0 if side == "left" else 1].get("id", ""))

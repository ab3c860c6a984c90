"""Ensembles: trees that are added up, or averaged, and the function from sums to answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlconvert.errors import Refusal
from mlconvert_plugins.nyokawriter import nodes
from mlconvert_plugins.nyokawriter.document import child, drop, made, wrong
from mlconvert_plugins.nyokawriter.names import TARGET
from mlconvert_plugins.trees.model import Forest, Link

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from mlconvert_plugins.trees.score import Scorer

# RegressionModel's names of the functions from sums to answers.
_METHODS = {"sigmoid": "logit", "softmax": "softmax", "exp": "exp"}
_JPMML = "convert it with JPMML, without --via"


def refusals(forest: Forest) -> Iterator[Refusal]:
    """What of a forest nyoka's document cannot say."""
    if any(decision.test == "in" for decision in forest.decisions):
        yield Refusal("categorical-splits", "nyoka writes no splits of categories", "splits", _JPMML)
    if forest.linear is not None:
        yield Refusal("linear-leaves", "nyoka writes no linear leaves", "linear_tree", _JPMML)
    if forest.link.name not in ("identity", *_METHODS):
        yield Refusal("unsupported-link", f"nyoka's documents have no {forest.link.name}", "objective", _JPMML)
    if forest.outputs > 1 and (not forest.labels or forest.link.name == "sigmoid"):
        message = f"nyoka writes no {forest.outputs} sums that stand each for itself"
        yield Refusal("several-outputs", message, "objective", _JPMML)
    if len(set(map(len, trees_of(forest)))) > 1:
        yield Refusal("uneven-trees", "the classes have different numbers of trees", "trees", _JPMML)
    if abs(forest.tables.threshold).max(initial=0) == float("inf"):
        yield Refusal("infinite-threshold", "PMML has no infinite thresholds", "threshold", _JPMML)
    if forest.divisor not in (1, len(trees_of(forest)[0])) or (forest.divisor != 1 and forest.base.any()):
        yield Refusal("weighted-trees", "nyoka's documents have no such mean of trees", "trees", _JPMML)


def trees_of(forest: Forest) -> list[list[int]]:
    """The trees of each output."""
    outputs = 1 if forest.width > 1 else forest.outputs
    return [(forest.tree_output == output).nonzero()[0].tolist() for output in range(outputs)]


def in_turn(forest: Forest) -> list[int]:
    """The trees in turn of their outputs, which is how nyoka takes them apart."""
    return [tree for turn in zip(*trees_of(forest), strict=True) for tree in turn]


def repair(model: Element, scorer: Scorer, derived: list[str] | None = None) -> None:
    """Make the top-level MiningModel the forest: its trees, where its sums begin, its link."""
    forest = scorer.forest
    drop(model, "Targets")
    if not forest.labels:
        _add_up(model, scorer, 0, derived)
        if forest.link.name != "identity":
            _chain(model, forest.link)
    else:
        # nyoka repeats the fields of the whole in the last model of the chain, which engines refuse. That model's stay.
        drop(model, "Output")
        chain = child(model, "Segmentation").findall("Segment")
        for output, segment in enumerate(chain[:-1]):
            _add_up(child(segment, "MiningModel"), scorer, output, derived)
        _classify(chain, forest.link)
    if forest.sum == "float32":
        _narrow(model)


def _add_up(model: Element, scorer: Scorer, output: int, derived: list[str] | None) -> None:
    """One sum: a segment for each tree, and one before them for what the sum starts with."""
    forest = scorer.forest
    segmentation = child(model, "Segmentation")
    segments = segmentation.findall("Segment")
    trees = trees_of(forest)[output]
    if len(segments) != len(trees):
        raise wrong(f"a sum has {len(segments)} trees, not {len(trees)}", "Segmentation")
    for segment, tree in zip(segments, trees, strict=True):
        nodes.repair(child(segment, "TreeModel"), scorer, tree, derived)
    if forest.divisor != 1:
        segmentation.set("multipleModelMethod", "average")
    base = float(forest.base[output])
    if base != 0 or not trees:
        # As a tree of its own, so that it is added where the source adds it: sums keep their bits.
        place = 0 if forest.base_at == "start" else len(trees)
        segmentation.insert(place, _constant(base))


def _constant(value: float) -> Element:
    node = made("Node", made("True"), score=repr(value))
    tree = made("TreeModel", made("MiningSchema"), node, modelName="base", functionName="regression")
    return made("Segment", made("True"), tree, id="base")


def _classify(chain: list[Element], link: Link) -> None:
    """The sums under names of their own, and the model of them that gives the probabilities."""
    for output, segment in enumerate(chain[:-1]):
        _name_sum(child(segment, "MiningModel"), f"margin({output})")
    last = child(chain[-1], "RegressionModel")
    last.set("normalizationMethod", _METHODS[link.name])
    fields = child(last, "MiningSchema").findall("MiningField")
    predictors = list(last.iter("NumericPredictor"))
    for output, (one, predictor) in enumerate(zip(fields[:-1], predictors, strict=True)):
        one.set("name", f"margin({output})")
        predictor.set("name", f"margin({output})")
        predictor.set("coefficient", repr(link.scale))


def _name_sum(model: Element, name: str) -> None:
    drop(model, "Output")
    own = made(
        "OutputField",
        name=name,
        optype="continuous",
        dataType="double",
        feature="predictedValue",
        isFinalResult="false",
    )
    model.insert(1, made("Output", own))


def _chain(model: Element, link: Link) -> None:
    """Put a model of the link behind the sum of a regressor, for which nyoka knows no link."""
    schema, segmentation = child(model, "MiningSchema"), child(model, "Segmentation")
    own = made("MiningSchema", *(one for one in schema if one.get("usageType") != "target"))
    inner = made("MiningModel", own, segmentation, functionName="regression")
    _name_sum(inner, "margin(0)")
    predictor = made("NumericPredictor", name="margin(0)", coefficient=repr(link.scale))
    last = made(
        "RegressionModel",
        made(
            "MiningSchema", made("MiningField", name="margin(0)"), made("MiningField", name=TARGET, usageType="target")
        ),
        made("RegressionTable", predictor, intercept="0.0"),
        functionName="regression",
        normalizationMethod=_METHODS[link.name],
    )
    segments = [made("Segment", made("True"), one, id=str(number + 1)) for number, one in enumerate((inner, last))]
    model.remove(segmentation)
    model.append(made("Segmentation", *segments, multipleModelMethod="modelChain"))


def _narrow(model: Element) -> None:
    """Sums in float32, as the source has them: JPMML's attribute, which other engines pass over."""
    for one in model.iter():
        if one.tag in ("MiningModel", "TreeModel", "RegressionModel"):
            one.set("x-mathContext", "float")
        elif one.tag == "OutputField" and one.get("name", "").startswith("margin("):
            one.set("dataType", "float")

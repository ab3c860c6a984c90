"""Ensembles: trees that are added up, or averaged, and the function from sums to answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlconvert.errors import Refusal
from mlconvert_plugins.nyokawriter import chains, nodes
from mlconvert_plugins.nyokawriter.document import child, drop, made, wrong
from mlconvert_plugins.nyokawriter.names import TARGET
from mlconvert_plugins.trees.model import Forest, Link

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from mlconvert_plugins.trees.score import Scorer

_JPMML = "convert it with JPMML, without --via"


def refusals(forest: Forest) -> Iterator[Refusal]:
    """What of a forest nyoka's document cannot say."""
    if any(decision.test == "in" for decision in forest.decisions):
        yield Refusal("categorical-splits", "nyoka writes no splits of categories", "splits", _JPMML)
    if forest.linear is not None:
        yield Refusal("linear-leaves", "nyoka writes no linear leaves", "linear_tree", _JPMML)
    if forest.link.name not in ("identity", *chains.METHODS):
        yield Refusal("unsupported-link", f"nyoka's documents have no {forest.link.name}", "objective", _JPMML)
    if forest.outputs > 1 and (not forest.labels or forest.link.name == "sigmoid"):
        message = f"nyoka writes no {forest.outputs} sums that stand each for itself"
        yield Refusal("several-outputs", message, "objective", _JPMML)
    if len(set(map(len, trees_of(forest)))) > 1:
        yield Refusal("uneven-trees", "the classes have different numbers of trees", "trees", _JPMML)
    if forest.tables.threshold.min(initial=0) == float("-inf"):
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


def repair(model: Element, scorer: Scorer) -> None:
    """Make the top-level MiningModel the forest: its trees, where its sums begin, its link."""
    drop(model, "Targets")
    if scorer.forest.labels:
        _classify(model, scorer)
    else:
        _add_up(model, scorer, 0)
        if scorer.forest.link.name != "identity":
            _link(model, scorer.forest.link)
    if scorer.forest.sum == "float32":
        _narrow(model)


def _classify(model: Element, scorer: Scorer) -> None:
    """The sums under names of their own, and the model that makes probabilities of them."""
    forest, segmentation = scorer.forest, child(model, "Segmentation")
    *sums, last = segmentation.findall("Segment")
    for output, segment in enumerate(sums):
        own = child(segment, "MiningModel")
        _add_up(own, scorer, output)
        chains.name(own, chains.margin(output))
    answering = child(last, "RegressionModel")
    chains.move_output(model, answering)
    if forest.outputs > 1:
        _share(answering, forest.link)
        return
    linking = chains.linking(forest.link)
    chains.name(linking, chains.LINKED)
    segmentation.insert(1, chains.segment("link", linking))
    chains.answer_both(answering, second_wins=forest.label == "margin or zero")


def _add_up(model: Element, scorer: Scorer, output: int) -> None:
    """One sum: a segment for each tree, and one before them for what the sum starts with."""
    forest = scorer.forest
    segmentation = child(model, "Segmentation")
    segments = segmentation.findall("Segment")
    trees = trees_of(forest)[output]
    if len(segments) != len(trees):
        raise wrong(f"a sum has {len(segments)} trees, not {len(trees)}", "Segmentation")
    for segment, tree in zip(segments, trees, strict=True):
        nodes.repair(child(segment, "TreeModel"), scorer, tree)
    if forest.divisor != 1:
        segmentation.set("multipleModelMethod", "average")
    base = float(forest.base[output])
    if base != 0 or not trees:
        # As a tree of its own, so that it is added where the source adds it: sums keep their bits.
        place = 0 if forest.base_at == "start" else len(trees)
        segmentation.insert(place, _constant(base))


def _constant(value: float) -> Element:
    node = made("Node", made("True"), score=repr(value))
    return chains.segment("base", made("TreeModel", made("MiningSchema"), node, functionName="regression"))


def _share(last: Element, link: Link) -> None:
    """Of more than two classes: the softmax of their sums."""
    last.set("normalizationMethod", chains.METHODS[link.name])
    fields = child(last, "MiningSchema").findall("MiningField")
    for output, table in enumerate(last.findall("RegressionTable")):
        fields[output].set("name", chains.margin(output))
        drop(table, "NumericPredictor")
        table.append(chains.weighted(chains.margin(output), link.scale))


def _link(model: Element, link: Link) -> None:
    """Put a model of the link behind the sum of a regressor, for which nyoka knows no link."""
    schema, segmentation = child(model, "MiningSchema"), child(model, "Segmentation")
    own = made("MiningSchema", *(one for one in schema if one.get("usageType") != "target"))
    inner, last = made("MiningModel", own, segmentation, functionName="regression"), chains.linking(link)
    chains.name(inner, chains.margin(0))
    child(last, "MiningSchema").append(made("MiningField", name=TARGET, usageType="target"))
    model.remove(segmentation)
    model.append(chains.chain(chains.segment("sum", inner), chains.segment("link", last)))


def _narrow(model: Element) -> None:
    """Sums in float32, as the source has them: JPMML's attribute, which other engines pass over."""
    for one in model.iter():
        if one.tag in ("MiningModel", "TreeModel", "RegressionModel"):
            one.set("x-mathContext", "float")
        elif one.tag == "OutputField" and one.get("isFinalResult") == "false":
            one.set("dataType", "float")

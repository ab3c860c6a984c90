"""Chains of models: one answers under a name, and the next one goes on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlconvert_plugins.nyokawriter.document import child, drop, made
from mlconvert_plugins.nyokawriter.names import TARGET
from mlconvert_plugins.trees.model import Link

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# RegressionModel's names of the functions from sums to answers.
METHODS = {"sigmoid": "logit", "softmax": "softmax", "exp": "exp"}
LINKED = "linked(0)"


def margin(output: int) -> str:
    """The name of a sum."""
    return f"margin({output})"


def segment(identity: str, model: Element) -> Element:
    """A link of the chain, which every row goes through."""
    return made("Segment", made("True"), model, id=identity)


def chain(*segments: Element) -> Element:
    """The segmentation of a chain."""
    return made("Segmentation", *segments, multipleModelMethod="modelChain")


def name(model: Element, called: str) -> None:
    """Let the models behind it know what a model answers, by this name."""
    drop(model, "Output")
    typed = {"optype": "continuous", "dataType": "double", "feature": "predictedValue", "isFinalResult": "false"}
    model.insert(1, made("Output", made("OutputField", name=called, **typed)))


def move_output(model: Element, last: Element) -> None:
    """Let the last model of a chain, which has the probabilities, answer for the whole.

    nyoka lists the fields of the whole in both, or in the first alone: engines refuse the one, and find no
    probabilities by the other.
    """
    output = child(model, "Output")
    drop(model, "Output")
    drop(last, "Output")
    last.insert(1, output)


def linking(link: Link) -> Element:
    """The link alone, from the sum to what comes of it."""
    return made(
        "RegressionModel",
        made("MiningSchema", made("MiningField", name=margin(0))),
        made("RegressionTable", weighted(margin(0), link.scale), intercept="0.0"),
        functionName="regression",
        normalizationMethod=METHODS[link.name],
    )


def weighted(field: str, weight: float) -> Element:
    """A term of a sum."""
    return made("NumericPredictor", name=field, coefficient=repr(weight))


def answer_both(last: Element, *, second_wins: bool) -> None:
    """Make nyoka's model of two classes answer 1 - p and p, as the source does, where p is what the link gives.

    Of equal probabilities engines take the class that is named first, which is nyoka's second.
    """
    last.set("functionName", "classification")
    last.set("normalizationMethod", "simplemax")
    schema = child(last, "MiningSchema")
    drop(schema, "MiningField")
    schema.extend((made("MiningField", name=LINKED), made("MiningField", name=TARGET, usageType="target")))
    second, first = last.findall("RegressionTable")
    for table, intercept, weight in ((first, 1.0, -1.0), (second, 0.0, 1.0)):
        drop(table, "NumericPredictor")
        table.set("intercept", repr(intercept))
        table.append(weighted(LINKED, weight))
    if not second_wins:
        last.remove(second)
        last.append(second)

"""Linear models: their weights exact, and the function from sums to probabilities the one that they have."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlconvert.errors import Refusal
from mlconvert_plugins.nyokawriter import chains
from mlconvert_plugins.nyokawriter.document import child, drop, made
from mlconvert_plugins.nyokawriter.exact import exact
from mlconvert_plugins.nyokawriter.names import Names
from mlconvert_plugins.trees.model import Link

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_JPMML = "convert it with JPMML, without --via"
_LAYERS = 10


class _Classes(list[str]):
    """Classes, which nyoka asks for as an array's list, too."""

    def tolist(self) -> list[str]:
        return list(self)


def refusals(model: Any) -> Iterator[Refusal]:
    """What of a model nyoka passes over."""
    import numpy as np

    name = type(model).__name__
    if getattr(model, "multi_class", "auto") not in ("auto", "deprecated", "warn"):
        message = f"nyoka passes over multi_class={model.multi_class!r}"
        yield Refusal("unsupported-parameter", message, f"{name} multi_class", _JPMML)
    if name == "SGDClassifier" and len(model.classes_) > 2:
        message = "of one class against the rest PMML takes the label by shares, which are equal where they are rounded"
        yield Refusal("one-against-the-rest", message, f"{name} classes_", _JPMML)
    if name == "SVR" and (model.kernel not in ("linear", "poly", "rbf", "sigmoid") or not _is_dense(model)):
        yield Refusal("unsupported-parameter", "nyoka writes no such kernel", "SVR kernel", _JPMML)
    if len(getattr(model, "coefs_", ())) > _LAYERS:
        yield Refusal("ambiguous-neurons", f"nyoka's names of neurons are equal from layer {_LAYERS} on", name, _JPMML)
    several = np.ndim(getattr(model, "coef_", 0)) == 2 and not hasattr(model, "classes_") and len(model.coef_) > 1
    if several or (not hasattr(model, "classes_") and getattr(model, "n_outputs_", 1) > 1):
        yield Refusal("several-outputs", "nyoka writes one output", name, _JPMML)
    if getattr(model, "sparse_coef_", None) is not None:
        yield Refusal("sparse-weights", "nyoka writes no sparse weights", name, _JPMML)


def _is_dense(model: Any) -> bool:
    return not hasattr(model.support_vectors_, "todense")


def of_class(model: Any, attributes: dict[str, Any]) -> Any:
    """An object with a class of the same name, by which nyoka goes, and these attributes."""
    found = type(type(model).__name__, (), {})()
    vars(found).update(attributes)
    return found


def classes(names: Names) -> dict[str, Any]:
    """The attributes of a classifier; none of any other model."""
    return {"classes_": _Classes(names.class_stand_ins)} if names.classes else {}


def shell(model: Any, names: Names) -> Any:
    """What nyoka is given in the place of a linear model."""
    import numpy as np

    # An array even of one: nyoka would make a plain number of one alone.
    intercept = exact(np.ravel(model.intercept_))
    return of_class(model, {"coef_": exact(model.coef_), "intercept_": intercept} | classes(names))


def repair(element: Element, model: Any) -> None:
    """Give a classifier the function from sums to probabilities that it has."""
    if element.tag == "RegressionModel":
        _answer_both(element)
    else:
        _share(element)


def _answer_both(element: Element) -> None:
    """nyoka's model of two classes as a chain, in which the first one wins where both are equal."""
    schema = child(element, "MiningSchema")
    table = copy.deepcopy(child(element, "RegressionTable"))
    table.attrib.pop("targetCategory", None)
    active = (copy.copy(one) for one in schema if one.get("usageType") != "target")
    total = made("RegressionModel", made("MiningSchema", *active), table, functionName="regression")
    chains.name(total, chains.margin(0))
    linking = chains.linking(Link("sigmoid"))
    chains.name(linking, chains.LINKED)
    last = made("RegressionModel", made("MiningSchema"), *element.findall("RegressionTable"))
    chains.move_output(element, last)
    chains.answer_both(last, second_wins=False)
    drop(element, "RegressionTable")
    element.attrib.pop("normalizationMethod", None)
    element.tag = "MiningModel"
    element.append(chains.chain(*map(chains.segment, ("sum", "link", "classes"), (total, linking, last))))


def _share(element: Element) -> None:
    """nyoka writes one class against the rest, where it is the softmax of all."""
    *sums, last = child(element, "Segmentation").findall("Segment")
    for segment in sums:
        own = child(segment, "RegressionModel")
        child(own, "Output", "OutputField").set("isFinalResult", "false")
        own.attrib.pop("normalizationMethod", None)
    answering = child(last, "RegressionModel")
    answering.set("normalizationMethod", "softmax")
    chains.move_output(element, answering)

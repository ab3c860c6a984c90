"""From the models of a document to what a forest adds up, divides and links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mlconvert_plugins.pmmlfile.errors import BrokenDocumentError
from mlconvert_plugins.pmmlfile.texts import category
from mlconvert_plugins.pmmltrees import numbers
from mlconvert_plugins.pmmltrees.columns import unsupported
from mlconvert_plugins.pmmltrees.fields import TARGETS, TREATMENTS
from mlconvert_plugins.pmmltrees.model import Constant, Model, Table
from mlconvert_plugins.trees.model import Link

_PREDICTED = "predictedValue"


@dataclass(frozen=True)
class Margin:
    """(sum of weight * tree) / divisor * factor + constant."""

    trees: list[tuple[int, float]]
    divisor: float = 1.0
    factor: float = 1.0
    constant: float = 0.0
    alone: bool = False

    def scaled(self, factor: float, constant: float) -> Margin:
        """The margin times a factor, plus a constant."""
        return Margin(
            self.trees, self.divisor, self.factor * factor, self.constant * factor + constant,
            self.alone and factor == 1 and constant == 0,
        )  # fmt: skip


@dataclass(frozen=True)
class Ensemble:
    """The margins, one for each output; `width` is the number of values of a leaf. `label` as in `docs/forest.md`."""

    margins: list[Margin]
    single: bool
    width: int = 1
    link: Link = field(default_factory=Link)
    label: str = "probability"

    @property
    def divisor(self) -> float:
        """What a forest divides every margin by; 1 where that differs, and the leaves are scaled then."""
        found = {one.divisor / one.factor if one.factor > 0 else 0.0 for one in self.margins}
        only = found.pop()
        return only if not found and only > 0 else 1.0


def read(model: Model, labels: Sequence[Any], chosen: Sequence[bool]) -> Ensemble:
    """What the top-level model comes to; `chosen` is that of each tree. Raises ConversionError for another kind."""
    if model.method == "modelChain":
        return _chain(model, labels)
    if model.attributes.get("functionName") == "classification":
        return _classes(model, labels, chosen)
    return Ensemble([_regression(model)], model.single)


def _classes(model: Model, labels: Sequence[Any], chosen: Sequence[bool]) -> Ensemble:
    """A tree of classes, or the mean of some: probabilities as they are."""
    _without_targets(model)
    margin = _sum(model, "classification")
    if model.element == "TreeModel" and not chosen[model.tree]:
        raise unsupported("a node whose score is not the first class of the highest probability", "Node score")
    if model.method not in ("", "average", "weightedAverage"):
        raise unsupported(f"{model.method} of classes", "Segmentation multipleModelMethod")
    return Ensemble([margin] * len(labels), model.single, width=len(labels))


def _regression(model: Model) -> Margin:
    """A sum or mean of trees, as the model's targets have it."""
    margin = _sum(model, "regression")
    named = _targets(model)
    if len(model.targets) > 1 or len(named) > 1:
        raise unsupported("several targets", "Targets")
    for target in model.targets:
        if target.get("field") != (named[0] if named else None):
            raise unsupported("a Target that is not the model's own", "Target field")
        factor, constant = (
            numbers.double(target.get(key, default), f"Target {key}")
            for key, default in (("rescaleFactor", "1"), ("rescaleConstant", "0"))
        )
        margin = margin.scaled(factor, constant)
    return margin


def _targets(model: Model) -> list[str]:
    return [name for name, own in model.schema.items() if own.get("usageType") in TARGETS]


def _sum(model: Model, function: str) -> Margin:
    if model.attributes.get("functionName") != function:
        named = model.attributes.get("functionName")
        raise unsupported(f"a model of {named} in the place of one of {function}", "functionName")
    if model.element == "TreeModel":
        return Margin([(model.tree, 1.0)], alone=True)
    if model.element != "MiningModel" or not model.segments:
        raise unsupported(f"a {model.element} in the place of trees", model.element)
    weighted = model.method in ("weightedAverage", "weightedSum")
    trees, total = [], 0.0
    for number, segment in enumerate(model.segments, 1):
        where = f"Segment {number}"
        one = segment.model
        if segment.predicate != Constant(True):
            raise unsupported("a segment with a predicate other than True", where)
        if one is None or one.element != "TreeModel" or one.attributes.get("functionName") != function:
            raise unsupported(f"a segment of a {model.method} that is no tree of {function}", where)
        if one.single != model.single:
            raise unsupported("trees of another x-mathContext than their sum's", where)
        _without_targets(one)
        weight = numbers.double(segment.weight or "1", f"{where} weight") if weighted else 1.0
        trees.append((one.tree, weight))
        total += weight
    if model.method in ("sum", "weightedSum"):
        return Margin(trees)
    if model.method not in ("average", "weightedAverage") or not total > 0:
        raise unsupported(f"{model.method} of trees", "Segmentation multipleModelMethod")
    return Margin(trees, total)


def _without_targets(model: Model) -> None:
    if model.targets:
        raise unsupported("targets of a model that is no sum", f"{model.element} Targets")


# --- chains: sums of trees, what links them, then a regression of them -----------------------------------


@dataclass(frozen=True)
class _Linked:
    """A margin, and the name of its link."""

    margin: Margin
    link: str = "identity"


# The specification's softmax of one value is its logit.
_LINKS = {"none": "identity", "exp": "exp", "logit": "sigmoid", "softmax": "sigmoid"}


def _chain(model: Model, labels: Sequence[Any]) -> Ensemble:
    """Margins by name, then the tables of the last model, which make outputs of them."""
    _without_targets(model)
    if any(segment.predicate != Constant(True) or segment.model is None for segment in model.segments):
        raise unsupported("a segment of a chain with a predicate other than True", "Segment")
    models = [segment.model for segment in model.segments if segment.model is not None]
    if len(models) < 2 or models[-1].element != "RegressionModel":
        raise unsupported("a chain that does not end with a RegressionModel", "Segmentation modelChain")
    if _targets(models[-1]) != _targets(model):
        raise unsupported("a last model of a chain that predicts something else", "RegressionModel MiningField")
    if any(own.keys() & {*TREATMENTS} for one in models if one.tables for own in one.schema.values()):
        raise unsupported("treatments of missing or invalid values in a chain", "RegressionModel MiningField")
    # What comes after sums in float32 may be computed in float64: the libraries' links differ by as much.
    single = models[0].single
    if any(one.single != single for one in models if not (single and one.tables)):
        raise unsupported("models of a chain that compute in different types", "x-mathContext")
    named: dict[str, _Linked] = {}
    for one in models[:-1]:
        named |= dict.fromkeys(_outputs(one, single), _value(one, named))
    return replace(_last(models[-1], labels, named), single=single)


def _outputs(model: Model, single: bool) -> list[str]:
    """The names of the fields that hold what a model of a chain predicts."""
    own = "float" if model.single else "double"
    wanted = {own, "float" if single else "double"}
    for output in model.outputs:
        if output.get("feature", _PREDICTED) != _PREDICTED or output.get("dataType", own) not in wanted:
            raise unsupported(f"an output of the kind {output.get('feature')!r}", f"OutputField {output.get('name')}")
    return [output.get("name", "") for output in model.outputs]


def _value(model: Model, named: dict[str, _Linked]) -> _Linked:
    """What a model of a chain predicts: a sum of trees, or a link of one."""
    if model.element != "RegressionModel":
        return _Linked(_regression(model))
    _without_targets(model)
    if model.attributes.get("functionName") != "regression" or len(model.tables) != 1:
        raise unsupported("a regression of something else than a number", "RegressionModel")
    line = _line(model.tables[0], named)
    link = _LINKS.get(model.attributes.get("normalizationMethod", "none"))
    if link is None:
        raise unsupported("simplemax of a number", "RegressionModel normalizationMethod")
    if line.link != "identity" and link != "identity":
        raise unsupported("a link of a link", "RegressionModel normalizationMethod")
    return _Linked(line.margin, line.link if link == "identity" else link)


def _last(model: Model, labels: Sequence[Any], named: dict[str, _Linked]) -> Ensemble:
    if model.attributes.get("functionName") == "regression":
        value = _value(model, named)
        return Ensemble([value.margin], model.single, link=Link(value.link))
    _without_targets(model)
    normalization = model.attributes.get("normalizationMethod", "none")
    order = [category(label, [table.category or "" for table in model.tables]) for label in labels]
    if len(labels) < 2 or None in order or len(model.tables) != len(labels):
        raise unsupported("tables that are not one for each class", "RegressionTable targetCategory")
    if normalization == "logit" and len(labels) == 2:
        return _logit(model, order, named)
    # Of equal probabilities the first table's is chosen, and in the forest the first label's.
    if order != [table.category for table in model.tables]:
        raise unsupported("tables in another order than the classes", "RegressionTable targetCategory")
    if normalization == "softmax":
        return Ensemble([_plain(table, named) for table in model.tables], model.single, link=Link("softmax"))
    if normalization == "simplemax" and len(labels) == 2:
        return _complement(model, named)
    raise unsupported(f"{normalization} of {len(labels)} classes", "RegressionModel normalizationMethod")


def _logit(model: Model, order: list[str | None], named: dict[str, _Linked]) -> Ensemble:
    """The first table's class has the logit's probability, the other one the rest; and of equal ones it is chosen."""
    first, second = model.tables
    if second.terms or numbers.double(second.intercept, "RegressionTable intercept") != 0:
        raise unsupported("a second table that is not empty", "RegressionTable")
    margin, positive = _plain(first, named), order[1] == first.category
    # The probability is the second label's: of the other one the margin is turned around.
    return Ensemble(
        [margin if positive else margin.scaled(-1.0, 0.0)], model.single, link=Link("sigmoid"),
        label="margin or zero" if positive else "margin",
    )  # fmt: skip


def _complement(model: Model, named: dict[str, _Linked]) -> Ensemble:
    """1 - p and p, which a simplemax divides by 1."""
    names = {name for table in model.tables for name, _ in table.terms}
    said = [
        [numbers.double(one.intercept, "intercept"), *(numbers.double(weight, name) for name, weight in one.terms)]
        for one in model.tables
    ]
    value = named.get(next(iter(names), ""))
    if said != [[1.0, -1.0], [0.0, 1.0]] or len(names) > 1 or value is None or value.link != "sigmoid":
        raise unsupported("simplemax of anything but 1 - p and p", "RegressionModel normalizationMethod")
    return Ensemble([value.margin], model.single, link=Link("sigmoid"))


def _plain(table: Table, named: dict[str, _Linked]) -> Margin:
    """A line of a margin that has no link yet."""
    line = _line(table, named)
    if line.link != "identity":
        raise unsupported("a link of a link", "RegressionModel normalizationMethod")
    return line.margin


def _line(table: Table, named: dict[str, _Linked]) -> _Linked:
    """intercept + coefficient * value."""
    intercept = numbers.double(table.intercept, "RegressionTable intercept")
    if not table.terms:
        return _Linked(Margin([], constant=intercept))
    if len(table.terms) > 1:
        raise unsupported("several terms", "RegressionTable")
    name, text = table.terms[0]
    if name not in named:
        raise BrokenDocumentError("no segment before it has such an output", f"NumericPredictor {name}")
    value, weight = named[name], numbers.double(text, f"NumericPredictor {name}")
    if value.link != "identity" and (weight, intercept) != (1, 0):
        raise unsupported("a line of what has been linked", f"NumericPredictor {name}")
    return _Linked(value.margin.scaled(weight, intercept), value.link)

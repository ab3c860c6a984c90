"""An XGBoost model as a forest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert.signature import Column, Signature
from mlconvert_plugins.trees.assembly import leaf_rows
from mlconvert_plugins.trees.checks import vouched
from mlconvert_plugins.trees.model import Forest, tabular
from mlconvert_plugins.xgboostfile import columns, objective
from mlconvert_plugins.xgboostfile.document import floats, integers, keys, mapping, number
from mlconvert_plugins.xgboostfile.errors import BrokenModelError
from mlconvert_plugins.xgboostfile.nodes import Trees

if TYPE_CHECKING:
    import numpy as np

_LEARNER = ("gradient_booster", "learner_model_param", "objective")
_PARAM = ("base_score", "num_class", "num_feature")
_MODEL = ("gbtree_model_param", "tree_info", "trees")


@dataclass(frozen=True)
class Model:
    """A document's parts. `weights` are those of DART's trees; `iterations` says where each begins, in trees."""

    columns: tuple[Column, ...]
    objective: objective.Objective
    outputs: int
    base: list[float]
    trees: list[Any]
    tree_output: np.ndarray
    iterations: list[int]
    weights: list[float] | None
    version: str

    @property
    def labels(self) -> tuple[int, ...]:
        """XGBoost's classes are numbers."""
        return tuple(range(self.objective.classes))

    def signature(self) -> Signature:
        """What the model takes and gives."""
        return tabular(self.columns, self.outputs, self.labels, "float32")


def open_model(document: dict[str, Any]) -> Model:
    """The parts of a document, checked as far as they go without its nodes. Raises BrokenModelError."""
    found = keys(document, "the file", ("learner", "version"))
    version = integers(found["version"], "version", 3).tolist()
    if not 1 <= version[0] <= 3:
        raise BrokenModelError(f"XGBoost {version[0]} is not known here", "version", "unknown-version")
    learner = keys(found["learner"], "learner", _LEARNER, ("attributes", "feature_names", "feature_types"))
    param = keys(learner["learner_model_param"], "learner_model_param", _PARAM, ("boost_from_average", "num_target"))
    targets = number(param, "num_target", "learner_model_param", 1) if "num_target" in param else 1
    classes = number(param, "num_class", "learner_model_param")
    if min(classes, targets) > 1:
        raise BrokenModelError(f"{classes} classes for each of {targets} targets", "learner_model_param num_target")
    outputs = max(classes, targets, 1)
    own = objective.read(learner["objective"], classes, targets)
    model, weights = _booster(learner["gradient_booster"])
    trees = model["trees"]
    _check_ids(trees)
    return Model(
        columns=columns.read(learner, model, number(param, "num_feature", "learner_model_param", 1)),
        objective=own,
        outputs=outputs,
        base=_base(param["base_score"], own, outputs),
        trees=trees,
        tree_output=_tree_output(model, outputs),
        iterations=_iterations(model, outputs),
        weights=_weights(weights, len(trees)),
        version=".".join(map(str, version)),
    )


def _booster(entry: Any) -> tuple[dict[str, Any], list[float] | None]:
    """The trees' part of a gbtree or dart booster, and DART's weights."""
    name = mapping(entry, "gradient_booster").get("name")
    weights: Any = None
    if name == "dart":
        outer = keys(entry, "gradient_booster", ("gbtree", "name", "weight_drop"))
        weights, entry = outer["weight_drop"], outer["gbtree"]
    elif name != "gbtree":
        raise BrokenModelError(
            f"a booster of the kind {name!r} is no tree ensemble", "gradient_booster", "unknown-booster",
            fix="train with booster='gbtree' or 'dart'",
        )  # fmt: skip
    inner = keys(entry, "gradient_booster", ("model", "name"))
    model = keys(inner["model"], "model", _MODEL, ("iteration_indptr", "cats", "weight_drop"))
    # From 3.4 on DART is a gbtree whose model has weights.
    if name == "dart" or "weight_drop" in model:
        found = floats(model.get("weight_drop", weights), "weight_drop").tolist()
        if found or name == "dart":
            return model, found
    return model, None


def _check_ids(trees: Any) -> None:
    """XGBoost puts a tree where its id says, whatever its place in the file."""
    if not isinstance(trees, list):
        raise BrokenModelError("it is no list", "trees")
    for place, tree in enumerate(trees):
        own = mapping(tree, f"tree {place}").get("id")
        if type(own) is not int or own != place:
            raise BrokenModelError(f"it is {own}", f"tree {place} id")


def _weights(weights: list[float] | None, trees: int) -> list[float] | None:
    if weights is not None and len(weights) != trees:
        raise BrokenModelError(f"{len(weights)} numbers stand there, not {trees}", "weight_drop")
    return weights


def _base(text: Any, own: objective.Objective, outputs: int) -> list[float]:
    """The margins of `base_score`: one number, or from 3.1 on a list in JSON, as text."""
    try:
        found = json.loads(str(text))
    except ValueError:
        found = None
    listed = found if isinstance(found, list) else [found]
    whole = [float(one) if type(one) is int and abs(one) < 2**53 else one for one in listed]
    scores = floats(whole, "base_score").tolist()
    if len(scores) not in (1, outputs):
        raise BrokenModelError(f"{len(scores)} numbers stand there, not {outputs}", "base_score")
    return [own.margin(score) for score in (scores if len(scores) == outputs else scores * outputs)]


def _tree_output(model: dict[str, Any], outputs: int) -> np.ndarray:
    found = integers(model["tree_info"], "tree_info", len(model["trees"]))
    if len(found) and not (found.min() >= 0 and found.max() < outputs):
        raise BrokenModelError("a tree adds to an output that there is not", "tree_info")
    return found


def _iterations(model: dict[str, Any], outputs: int) -> list[int]:
    """Where each iteration's trees begin, and where the last one's end."""
    count = len(model["trees"])
    param = keys(
        model["gbtree_model_param"], "gbtree_model_param", ("num_parallel_tree", "num_trees"), ("size_leaf_vector",)
    )
    if number(param, "num_trees", "gbtree_model_param") != count:
        raise BrokenModelError("it is not the number of trees", "num_trees")
    each = number(param, "num_parallel_tree", "gbtree_model_param", 1) * outputs
    if "iteration_indptr" in model:
        found: list[int] = integers(model["iteration_indptr"], "iteration_indptr").tolist()
        if not found or found[0] != 0 or found[-1] != count or sorted(found) != found:
            raise BrokenModelError("it does not cut the trees in order", "iteration_indptr")
        return found
    if count % each:
        raise BrokenModelError(f"{count} trees are no whole iterations of {each}", "num_parallel_tree")
    return list(range(0, count + 1, each))


def read(document: dict[str, Any], start_iteration: int = 0, num_iteration: int | None = None) -> Forest:
    """The forest of a document, of the iterations that `Booster.predict` takes as `iteration_range`.

    Raises BrokenModelError for what is broken or unknown, ConversionError (`no-iterations`) for a cut that leaves none.
    """
    import numpy as np

    model = open_model(document)
    start, stop = _cut(len(model.iterations) - 1, start_iteration, num_iteration)
    chosen = range(model.iterations[start], model.iterations[stop])
    width = _width(model)
    trees = Trees(len(model.columns), width)
    for number_ in chosen:
        weight = None if model.weights is None else model.weights[number_]
        trees.add(f"tree {number_}", model.trees[number_], weight)
    nodes, tables = trees.splits.tables(len(model.columns))
    made = Forest(
        columns=model.columns,
        labels=model.labels,
        outputs=model.outputs,
        decisions=trees.decisions.decisions(),
        tree_leaves=np.array(trees.leaves, dtype=np.int64),
        tree_output=model.tree_output[chosen.start : chosen.stop],
        width=width,
        nodes=nodes,
        tables=tables,
        leaf_value=np.array(trees.values, dtype=np.float64).reshape(-1, width),
        base=np.array(model.base, dtype=np.float64),
        leaf_label=None if trees.in_pairs else np.array(trees.labels, dtype=np.int64),
        leaf_rows=leaf_rows(trees.leaves, trees.rows),
        read="float32",
        sum="float32",
        link=model.objective.link,
        labelling="pairs" if trees.in_pairs else "listed",
        source=_source(model, start, stop),
    )
    return vouched(made, lambda what: BrokenModelError(what, "trees"))


def _width(model: Model) -> int:
    """The values of a leaf: one, or one for each output, as the first tree has it."""
    first = mapping(model.trees[0] if model.trees else {}, "tree 0")
    several = mapping(first.get("tree_param", {}), "tree 0 tree_param").get("size_leaf_vector") not in ("0", "1", None)
    if several and model.tree_output.any():
        raise BrokenModelError("trees of several outputs add to all of them", "tree_info")
    return model.outputs if several else 1


def _cut(iterations: int, start: int, count: int | None) -> tuple[int, int]:
    stop = iterations if not count or count < 0 else min(iterations, start + count)
    if not 0 <= start < stop:
        raise ConversionError(
            f"the model has {iterations} iterations, and none from {start} on",
            code="no-iterations",
            where="start_iteration",
            fix="take a start_iteration below the number of iterations, or train the model",
        )
    return start, stop


def _source(model: Model, start: int, stop: int) -> dict[str, Any]:
    source: dict[str, Any] = {"format": "xgboost", "version": model.version, "objective": model.objective.name}
    if (start, stop) != (0, len(model.iterations) - 1):
        source |= {"start_iteration": start, "num_iteration": stop - start}
    if model.weights is not None:
        source["booster"] = "dart"
    return source

"""What makes a forest sound: every index in range, every float finite. Nothing that follows can then fail or hang."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError
from mlconvert_plugins.trees.header import BrokenError
from mlconvert_plugins.trees.model import Forest

if TYPE_CHECKING:
    import numpy as np


def vouched(forest: Forest, broken: Callable[[str], ConversionError]) -> Forest:
    """What a reader has made, if it is sound; raises what `broken` makes of the reason why not."""
    try:
        check(forest)
    except BrokenError as error:
        raise broken(error.what) from error
    return forest


def check(forest: Forest) -> None:
    """Raise BrokenError for a forest whose values, beyond their lengths, contradict each other."""
    _check_schema(forest)
    _check_trees(forest)
    _check_nodes(forest)
    _check_tables(forest)
    _check_values(forest)


def _check_schema(forest: Forest) -> None:
    _demand(forest.width in (1, forest.outputs), "a leaf has neither one value nor one for each output")
    _demand(bool(forest.labels) or forest.label == "probability", "there are no labels to choose from")
    if forest.labels:
        fits = len(forest.labels) == (2 if forest.outputs == 1 else forest.outputs)
        _demand(fits, f"{len(forest.labels)} labels do not fit {forest.outputs} outputs")
        _demand(len(set(map(repr, forest.labels))) == len(forest.labels), "a label stands twice")


def _check_trees(forest: Forest) -> None:
    import numpy as np

    _demand((forest.tree_leaves >= 1).all(), "a tree has no leaf")
    _demand(int(forest.tree_leaves.sum()) < 2**31, "there are too many leaves")
    _demand((forest.tree_output < forest.outputs).all(), "a tree adds to an output that there is not")
    first = np.cumsum(forest.tree_leaves - 1) - (forest.tree_leaves - 1)
    number = np.arange(len(forest.nodes.split_leaf)) - np.repeat(first, forest.tree_leaves - 1)
    _demand((forest.nodes.split_leaf <= number).all(), "a node splits a leaf that there is not yet")


def _check_nodes(forest: Forest) -> None:
    import numpy as np

    nodes, tables = forest.nodes, forest.tables
    _demand((nodes.column < len(forest.columns)).all(), "a node names a column that there is not")
    _demand((nodes.decision < len(forest.decisions)).all(), "a node names a decision that there is not")
    member = np.array([decision.test == "in" for decision in forest.decisions], dtype=bool)[nodes.decision]
    limit = np.where(member, tables.set_count[nodes.column], tables.threshold_count[nodes.column])
    _demand((nodes.rank < limit).all(), "a node names a threshold or set that there is not")


def _check_tables(forest: Forest) -> None:
    import numpy as np

    tables = forest.tables
    _demand(
        not (tables.threshold_count.astype(bool) & tables.set_count.astype(bool)).any(),
        "a column has thresholds and sets",
    )
    threshold = tables.threshold
    _demand(not np.isnan(threshold).any(), "a threshold is NaN")
    _demand(not (np.signbit(threshold) & (threshold == 0)).any(), "a threshold is -0.0")
    first = np.cumsum(tables.threshold_count) - tables.threshold_count
    rises = np.ones(len(threshold), dtype=bool)
    rises[1:] = threshold[1:] > threshold[:-1]
    rises[first[tables.threshold_count > 0]] = True
    _demand(rises.all(), "thresholds do not ascend")
    last = np.cumsum(tables.set_words)[tables.set_words > 0] - 1
    _demand((tables.set[last] != 0).all(), "a set ends with an empty word")
    _demand((tables.set_words <= 2**26).all(), "a category is beyond 2**31")


def _check_values(forest: Forest) -> None:
    import numpy as np

    _demand(np.isfinite(forest.leaf_value).all(), "a leaf is not finite")
    _demand(np.isfinite(forest.base).all(), "a base is not finite")
    if forest.linear is None:
        return
    _demand(forest.width == 1, "linear leaves have one value")
    _demand((forest.linear.column < len(forest.columns)).all(), "a linear leaf names a column that there is not")
    _demand(np.isfinite(forest.linear.constant).all(), "a linear leaf's constant is not finite")
    _demand(np.isfinite(forest.linear.weight).all(), "a linear leaf's weight is not finite")


def _demand(holds: bool | np.bool_, otherwise: str) -> None:
    if not holds:
        raise BrokenError(otherwise)

"""Trees of `sklearn.tree`, taken into the forest under way. From `sklearn/tree/_tree.pyx`, `Tree._apply_dense`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert_plugins.trees import topology
from mlconvert_plugins.trees.assembly import DecisionTable, SplitList
from mlconvert_plugins.trees.model import Decision

if TYPE_CHECKING:
    import numpy as np


@dataclass
class Trees:
    """What has been read so far, tree by tree. `values` holds each tree's leaves, [leaves, width]."""

    splits: SplitList = field(default_factory=SplitList)
    decisions: DecisionTable = field(default_factory=DecisionTable)
    leaves: list[int] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    def add(
        self, left: np.ndarray, right: np.ndarray, node: Callable[[int], Node], value: np.ndarray, rows: Any
    ) -> None:
        """Take a tree in: children by node (a leaf's are not looked at where `left` is below 0), what each node asks,
        and for every node its value [nodes, width] and training rows [nodes].
        """
        inner = left >= 0
        order = [int(index) for index in range(len(left)) if inner[index]]
        below, beside = (
            [~child if child >= 0 and not inner[child] else child for child in side.tolist()] for side in (left, right)
        )
        try:
            split_leaf, occupant = topology.reorder(below, beside, order)
        except (topology.NotATreeError, IndexError) as error:
            raise ConversionError(
                f"the children of a tree make no tree: {error}", code="bad-sklearn", where="tree_", fix="fit it again"
            ) from None
        for index in order:
            self._add_node(node(index))
        self.splits.split_leaf += split_leaf
        leaves = [~one for one in occupant]
        self.leaves.append(len(leaves))
        self.values.append(value[leaves])
        self.rows += [float(rows[leaf]) for leaf in leaves]
        self.labels += leaves

    def _add_node(self, node: Node) -> None:
        if node.members is not None:
            self.splits.members[len(self.splits.column)] = node.members
        self.splits.column.append(node.column)
        self.splits.threshold.append(node.threshold)
        self.splits.decision.append(self.decisions.number(node.decision))


@dataclass(frozen=True)
class Node:
    """What one node asks: a threshold, or the bits of a category set."""

    column: int
    decision: Decision
    threshold: float = float("nan")
    members: bytes | None = None


def add_tree(trees: Trees, tree: Any, value: np.ndarray, columns: list[int] | None = None) -> None:
    """Take in a `sklearn.tree._tree.Tree` with the values of its nodes, [nodes, width].

    `columns` are the model's columns that the tree has been given, where these are not all.
    """
    import numpy as np

    # Rows are float32: what is compared with a threshold compares alike with the next lower float32.
    with np.errstate(over="ignore"):
        narrow = tree.threshold.astype(np.float32)
    too_high = narrow.astype(np.float64) > tree.threshold
    threshold = np.where(too_high, np.nextafter(narrow, np.float32(-np.inf)), narrow).astype(np.float64)
    to_left = tree.missing_go_to_left

    def node(index: int) -> Node:
        column = int(tree.feature[index])
        side = "left" if to_left[index] else "right"
        return Node(
            column if columns is None else columns[column], Decision("<=", side, "nan"), float(threshold[index])
        )

    trees.add(tree.children_left, tree.children_right, node, value, tree.n_node_samples)

"""Trees of `sklearn.tree`, taken into the forest under way. From `sklearn/tree/_tree.pyx`, `Tree._apply_dense`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert_plugins.trees import topology
from mlconvert_plugins.trees.assembly import DecisionTable, SplitList
from mlconvert_plugins.trees.model import Decision

if TYPE_CHECKING:
    import numpy as np

TREES = ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor")
_COMPARED = (Decision("<=", "left", "nan"), Decision("<=", "right", "nan"))


def is_tree(estimator: Any) -> bool:
    """Whether it is one of scikit-learn's own trees."""
    kind = type(estimator)
    return kind.__module__.startswith("sklearn.tree.") and kind.__name__ in TREES


@dataclass(frozen=True)
class Asked:
    """What a tree's nodes ask, by node: the column, the place of the decision in `decisions`, the threshold, and for
    those that test membership the bits of their sets.
    """

    column: np.ndarray
    decision: np.ndarray
    threshold: np.ndarray
    decisions: tuple[Decision, ...] = _COMPARED
    members: Mapping[int, bytes] = field(default_factory=dict)


@dataclass
class Trees:
    """What has been read so far, tree by tree. `values` holds each tree's leaves, [leaves, width]."""

    splits: SplitList = field(default_factory=SplitList)
    decisions: DecisionTable = field(default_factory=DecisionTable)
    leaves: list[int] = field(default_factory=list)
    values: list[np.ndarray] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)

    def add(self, left: np.ndarray, right: np.ndarray, asked: Asked, value: np.ndarray, rows: np.ndarray) -> None:
        """Take a tree in: children by node (a leaf's are not looked at where `left` is below 0), what each node asks,
        and for every node its value [nodes, width] and training rows [nodes]. Raises ConversionError (`bad-sklearn`).
        """
        import numpy as np

        inner = left >= 0
        order = np.flatnonzero(inner)
        try:
            split_leaf, occupant = topology.reorder(_pointers(left, inner), _pointers(right, inner), order.tolist())
        except topology.NotATreeError as error:
            raise ConversionError(
                f"the children of a tree make no tree: {error}", code="bad-sklearn", where="tree_", fix="fit it again"
            ) from None
        self._add_nodes(asked, order, split_leaf)
        leaves = [~one for one in occupant]
        self.leaves.append(len(leaves))
        self.values.append(value[leaves])
        self.rows += rows[leaves].tolist()
        self.labels += leaves

    def _add_nodes(self, asked: Asked, order: np.ndarray, split_leaf: list[int]) -> None:
        splits, first = self.splits, len(self.splits.column)
        if asked.members:
            place = {node: first + number for number, node in enumerate(order.tolist())}
            splits.members |= {place[node]: bits for node, bits in asked.members.items()}
        which = asked.decision[order].tolist()
        numbers = {kind: self.decisions.number(asked.decisions[kind]) for kind in dict.fromkeys(which)}
        splits.split_leaf += split_leaf
        splits.column += asked.column[order].tolist()
        splits.threshold += asked.threshold[order].tolist()
        splits.decision += [numbers[kind] for kind in which]


def _pointers(side: np.ndarray, inner: np.ndarray) -> list[int]:
    """The children of inner nodes, leaves as `~node`."""
    import numpy as np

    child = np.where(inner, side, 0)
    if not ((child >= 0) & (child < len(inner))).all():
        raise topology.NotATreeError("a node names a child that there is not")
    pointers: list[int] = np.where(inner[child], child, ~child).tolist()
    return pointers


def add_tree(trees: Trees, tree: Any, value: np.ndarray, columns: Any = None) -> None:
    """Take in a `sklearn.tree._tree.Tree` with the values of its nodes, [nodes, width].

    `columns` are the model's columns that the tree has been given, where these are not all.
    """
    import numpy as np

    # Rows are float32: what is compared with a threshold compares alike with the next lower float32.
    with np.errstate(over="ignore"):
        narrow = tree.threshold.astype(np.float32)
    too_high = narrow.astype(np.float64) > tree.threshold
    threshold = np.where(too_high, np.nextafter(narrow, np.float32(-np.inf)), narrow).astype(np.float64)
    side = np.where(tree.missing_go_to_left, 0, 1)
    trees.add(tree.children_left, tree.children_right, Asked(_own(tree, columns), side, threshold), value,
              tree.n_node_samples)  # fmt: skip


def _own(tree: Any, columns: Any) -> np.ndarray:
    """The model's column of each node; of leaves, any number."""
    import numpy as np

    if columns is None:
        return np.asarray(tree.feature)
    # Beyond what the tree has been given is beyond what there is.
    given = np.append(np.asarray(columns, dtype=np.int64), -1)
    return np.asarray(given[np.clip(tree.feature, -1, len(given) - 1)])

"""One tree of XGBoost: its nodes, leaves and category sets, taken into the forest under way.

The decisions are those of `GetNextNode` in src/predictor/predict_fn.h and `Decision` in src/common/categorical.h.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlconvert_plugins.trees import topology
from mlconvert_plugins.trees.assembly import DecisionTable, SplitList
from mlconvert_plugins.trees.model import Decision
from mlconvert_plugins.xgboostfile.document import floats, integers, keys, number
from mlconvert_plugins.xgboostfile.errors import BrokenModelError

if TYPE_CHECKING:
    import numpy as np

_NEEDED = (
    "id", "left_children", "right_children", "parents", "split_indices", "split_conditions", "split_type",
    "default_left", "categories", "categories_nodes", "categories_segments", "categories_sizes", "base_weights",
    "tree_param",
)  # fmt: skip
# Those of trees with one output; only later trees of several have them, and values of leaves apart.
_OPTIONAL = ("loss_changes", "sum_hessian", "leaf_weights")
# The column of a node that pruning has removed.
_DELETED = 2**31 - 1
_TREE_PARAM = ("num_deleted", "num_feature", "num_nodes", "size_leaf_vector")
_MOST_CATEGORIES = 2**24
# A node's decision, by `_CATEGORICAL * split_type + default_left`.
_CATEGORICAL = 2
_DECISIONS = (
    Decision("<=", default="right", missing="nan"),
    Decision("<=", default="left", missing="nan"),
    Decision("in", default="right", codes="floor", members="right"),
    Decision("in", default="left", codes="floor", members="right"),
)


@dataclass
class Trees:
    """What has been read so far, tree by tree. A leaf has `width` values: those of trees of several outputs."""

    columns: int
    width: int = 1
    splits: SplitList = field(default_factory=SplitList)
    decisions: DecisionTable = field(default_factory=DecisionTable)
    leaves: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    # Whether the leaves' numbers follow from the order in which nodes were split.
    in_pairs: bool = True

    def add(self, name: str, entry: Any, weight: float | None) -> None:
        """Take a tree in; `weight`, a float32, multiplies its leaves. Raises BrokenModelError that names the field."""
        tree = _Tree(name, entry, self.columns, self.width)
        split_leaf, occupant = tree.topology()
        labels = [~one for one in occupant]
        self.in_pairs &= labels == topology.pair_labels(split_leaf)
        self._add_nodes(tree, split_leaf)
        self.leaves.append(len(labels))
        self.values += _weighted(tree.values[labels].ravel(), weight, name)
        self.rows += [float(tree.hessian[leaf]) for leaf in labels]
        self.labels += labels

    def _add_nodes(self, tree: _Tree, split_leaf: list[int]) -> None:
        splits, first = self.splits, len(self.splits.column)
        kinds = tree.kinds[tree.order].tolist()
        numbers = {kind: self.decisions.number(_DECISIONS[kind]) for kind in dict.fromkeys(kinds)}
        for place, node in enumerate(tree.order):
            if kinds[place] >= _CATEGORICAL:
                splits.members[first + place] = tree.members(node)
        splits.column += tree.column[tree.order].tolist()
        splits.threshold += tree.thresholds().tolist()
        splits.decision += [numbers[kind] for kind in kinds]
        splits.split_leaf += split_leaf


def _weighted(leaves: np.ndarray, weight: float | None, name: str) -> list[float]:
    """The leaves times a DART tree's weight: one product of float32 each, rounded before it is added."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        values = leaves if weight is None else (leaves.astype(np.float32) * np.float32(weight)).astype(np.float64)
    if not np.isfinite(values).all():
        raise BrokenModelError("a leaf is not finite", f"{name} split_conditions")
    found: list[float] = values.tolist()
    return found


class _Tree:
    """A tree's arrays, checked."""

    def __init__(self, name: str, entry: Any, columns: int, width: int) -> None:
        found = keys(entry, name, _NEEDED, _OPTIONAL)
        param = keys(found["tree_param"], f"{name} tree_param", _TREE_PARAM)
        count = number(param, "num_nodes", name, 1)
        if max(1, number(param, "size_leaf_vector", name)) != width:
            raise BrokenModelError(f"its leaves do not have {width} values", f"{name} size_leaf_vector")
        self.name = name
        self.left, self.right = (
            integers(found[f"{side}_children"], f"{name} {side}_children", count) for side in _SIDES
        )
        self.column = integers(found["split_indices"], f"{name} split_indices", count)
        self.condition = floats(found["split_conditions"], f"{name} split_conditions", count)
        self.values = self.condition[:, None] if width == 1 else self._vectors(found, width)
        self.default_left = integers(found["default_left"], f"{name} default_left", count)
        self.categorical = integers(found["split_type"], f"{name} split_type", count)
        self.hessian = floats(
            found.get("sum_hessian", [0.0] * count if width > 1 else None), f"{name} sum_hessian", count
        )
        if ((self.categorical | self.default_left) & ~1).any():
            raise BrokenModelError("a flag is neither 0 nor 1", f"{name} split_type")
        if self.column.min() < 0:
            raise BrokenModelError("a column is below 0", f"{name} split_indices")
        _check_ignored(name, found, param, self.column, width)
        self.order = self._order(columns)
        self._check_parents(integers(found["parents"], f"{name} parents", count))
        self.kinds = _CATEGORICAL * self.categorical + self.default_left
        self._sets = _Sets(name, found)

    def _vectors(self, entry: dict[str, Any], width: int) -> np.ndarray:
        """The values of leaves, float64[nodes, width]: by node, or from 3.2 on by the number that `right` holds."""
        import numpy as np

        leaf = self.left < 0
        if "leaf_weights" not in entry:
            return floats(entry["base_weights"], f"{self.name} base_weights", len(leaf) * width).reshape(-1, width)
        where = f"{self.name} leaf_weights"
        listed = floats(entry["leaf_weights"], where)
        number_of, self.right = self.right, np.where(leaf, -1, self.right)
        if len(listed) % width or not ((number_of >= 0) & (number_of < len(listed) // width))[leaf].all():
            raise BrokenModelError("a leaf's values are not in it", where)
        return listed.reshape(-1, width)[np.where(leaf, number_of, 0)]

    def _order(self, columns: int) -> list[int]:
        """The nodes by their left children's numbers: the order in which they were split."""
        import numpy as np

        inner = self.left >= 0
        if ((self.left < -1) | (inner != (self.right >= 0))).any():
            raise BrokenModelError("a node has one child", f"{self.name} left_children")
        reached = self._reached(self.left.tolist(), self.right.tolist())
        order = np.array([node for node in reached if inner[node]], dtype=np.int64)
        order = order[np.argsort(self.left[order], kind="stable")]
        if not ((self.column[order] >= 0) & (self.column[order] < columns)).all():
            raise BrokenModelError("a node names a column that there is not", f"{self.name} split_indices")
        found: list[int] = order.tolist()
        return found

    def _reached(self, left: list[int], right: list[int]) -> set[int]:
        """The nodes below the root; pruned ones are not among them."""
        reached, stack = {0}, [0]
        while stack:
            node = stack.pop()
            if left[node] < 0:
                continue
            for child in (left[node], right[node]):
                if child >= len(left) or child in reached:
                    raise BrokenModelError(f"node {node} has no child {child} of its own", f"{self.name} left_children")
                reached.add(child)
                stack.append(child)
        return reached

    def _parents(self) -> np.ndarray:
        """The parent of every node that is one's child; -1 for others."""
        import numpy as np

        parents = np.full(len(self.left), -1)
        parents[self.left[self.order]] = parents[self.right[self.order]] = self.order
        return parents

    def _check_parents(self, said: np.ndarray) -> None:
        """XGBoost itself ends its process over parents that are not those of the children."""
        own = self._parents()
        if (said != own)[own >= 0].any():
            raise BrokenModelError("a node has another parent", f"{self.name} parents")

    def topology(self) -> tuple[list[int], list[int]]:
        """`split_leaf`, and the file's leaf (as `~node`) in each place."""
        left, right = (
            [~child if child >= 0 and self.left[child] < 0 else child for child in side.tolist()]
            for side in (self.left, self.right)
        )
        try:
            return topology.reorder(left, right, self.order)
        except topology.NotATreeError as error:
            raise BrokenModelError(str(error), f"{self.name} left_children") from None

    def thresholds(self) -> np.ndarray:
        """Of the nodes in order: `v < t` of float32 values is `v <=` the float32 before t. NaN where sets decide."""
        import numpy as np

        compared = self.categorical[self.order] == 0
        condition = np.float32(self.condition[self.order])
        if (np.isnan(condition) | (condition == -np.inf))[compared].any():
            raise BrokenModelError("a node has no threshold", f"{self.name} split_conditions")
        with np.errstate(invalid="ignore"):
            before = np.nextafter(condition, np.float32(-np.inf))
        return np.where(compared, before, np.nan).astype(np.float64)

    def members(self, node: int) -> bytes:
        """The bits of the categories that go right."""
        return self._sets.bits(node)


_SIDES = ("left", "right")


def _check_ignored(name: str, entry: dict[str, Any], param: dict[str, Any], column: np.ndarray, width: int) -> None:
    """Hold what no answer depends on to XGBoost's form all the same: it refuses other files."""
    for key, length in (("base_weights", len(column) * width), ("loss_changes", len(column))):
        # Only early trees of several outputs have no gains.
        if key in entry or width == 1:
            floats(entry.get(key), f"{name} {key}", length)
    number(param, "num_feature", name)
    if number(param, "num_deleted", name) != (column == _DELETED).sum():
        raise BrokenModelError("it is not the number of removed nodes", f"{name} num_deleted")


class _Sets:
    """A tree's category sets: segments of `categories`, by node."""

    def __init__(self, name: str, entry: dict[str, Any]) -> None:
        self.where = f"{name} categories"
        self.categories = integers(entry["categories"], self.where)
        nodes = integers(entry["categories_nodes"], f"{self.where}_nodes").tolist()
        starts = integers(entry["categories_segments"], f"{self.where}_segments", len(nodes)).tolist()
        sizes = integers(entry["categories_sizes"], f"{self.where}_sizes", len(nodes)).tolist()
        self.segments = {node: (start, size) for node, start, size in zip(nodes, starts, sizes, strict=True)}
        if len(self.segments) != len(nodes):
            raise BrokenModelError("a node stands there twice", f"{self.where}_nodes")

    def bits(self, node: int) -> bytes:
        start, size = self.segments.get(node, (-1, 0))
        if start < 0 or size < 1 or start + size > len(self.categories):
            raise BrokenModelError("a node names categories that there are not", self.where)
        codes = self.categories[start : start + size]
        if size and not (codes.min() >= 0 and codes.max() < _MOST_CATEGORIES):
            raise BrokenModelError("a category is beyond 2**24", self.where)
        words = [0] * (int(codes.max(initial=-1)) // 32 + 1)
        for code in codes.tolist():
            words[code // 32] |= 1 << code % 32
        return struct.pack(f"<{len(words)}I", *words)

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

_NEEDED = ("left_children", "right_children", "split_indices", "split_conditions", "default_left", "tree_param")
_OPTIONAL = ("split_type", "categories", "categories_nodes", "categories_segments", "categories_sizes", "sum_hessian")
# The values of inner nodes, gains, and what the children say already.
_IRRELEVANT = ("base_weights", "loss_changes", "parents", "id")
_TREE_PARAM = ("num_deleted", "num_feature", "num_nodes", "size_leaf_vector")
_MOST_CATEGORIES = 2**24


@dataclass
class Trees:
    """What has been read so far, tree by tree."""

    columns: int
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
        tree = _Tree(name, entry, self.columns)
        split_leaf, occupant = tree.topology()
        labels = [~one for one in occupant]
        self.in_pairs &= labels == topology.pair_labels(split_leaf)
        self._add_nodes(tree, split_leaf)
        self.leaves.append(len(labels))
        self.values += [_weighted(float(tree.condition[leaf]), weight) for leaf in labels]
        self.rows += [float(tree.hessian[leaf]) for leaf in labels]
        self.labels += labels

    def _add_nodes(self, tree: _Tree, split_leaf: list[int]) -> None:
        splits = self.splits
        for node in tree.order:
            default = "left" if tree.default_left[node] else "right"
            if tree.categorical[node]:
                decision = Decision("in", default=default, codes="floor", members="right")
                splits.members[len(splits.column)] = tree.members(node)
            else:
                decision = Decision("<=", default=default, missing="nan")
            splits.column.append(int(tree.column[node]))
            splits.threshold.append(float("nan") if tree.categorical[node] else tree.threshold(node))
            splits.decision.append(self.decisions.number(decision))
        splits.split_leaf += split_leaf


def _weighted(leaf: float, weight: float | None) -> float:
    """The leaf times a DART tree's weight: one product of float32, rounded before it is added."""
    import numpy as np

    return leaf if weight is None else float(np.float32(leaf) * np.float32(weight))


class _Tree:
    """A tree's arrays, checked."""

    def __init__(self, name: str, entry: Any, columns: int) -> None:
        import numpy as np

        found = keys(entry, name, _NEEDED, (*_OPTIONAL, *_IRRELEVANT))
        param = keys(found["tree_param"], f"{name} tree_param", _TREE_PARAM)
        count = number(param, "num_nodes", name, 1)
        if number(param, "size_leaf_vector", name) > 1:
            raise BrokenModelError(
                "a leaf of a multi-output tree has several values",
                name,
                "multi-output-tree",
                fix="train with multi_strategy='one_output_per_tree'",
            )
        self.name = name
        self.left, self.right = (
            integers(found[f"{side}_children"], f"{name} {side}_children", count) for side in _SIDES
        )
        self.column = integers(found["split_indices"], f"{name} split_indices", count)
        self.condition = floats(found["split_conditions"], f"{name} split_conditions", count)
        self.default_left = integers(found["default_left"], f"{name} default_left", count)
        self.categorical = integers(found.get("split_type", [0] * count), f"{name} split_type", count)
        self.hessian = floats(found.get("sum_hessian", [0.0] * count), f"{name} sum_hessian", count)
        if not (np.isin(self.categorical, (0, 1)).all() and np.isin(self.default_left, (0, 1)).all()):
            raise BrokenModelError("a flag is neither 0 nor 1", f"{name} split_type")
        self.order = self._order(columns)
        self._sets = _Sets(name, found)

    def _order(self, columns: int) -> list[int]:
        """The nodes by their left children's numbers: the order in which they were split."""
        inner = self.left >= 0
        if ((self.left < -1) | (inner != (self.right >= 0))).any():
            raise BrokenModelError("a node has one child", f"{self.name} left_children")
        size = len(self.left)
        reached = self._reached(inner, size)
        order = sorted((node for node in reached if inner[node]), key=lambda node: int(self.left[node]))
        if any(not 0 <= self.column[node] < columns for node in order):
            raise BrokenModelError("a node names a column that there is not", f"{self.name} split_indices")
        return order

    def _reached(self, inner: np.ndarray, size: int) -> set[int]:
        """The nodes below the root; pruned ones are not among them."""
        reached, stack = {0}, [0]
        while stack:
            node = stack.pop()
            if not inner[node]:
                continue
            for child in (int(self.left[node]), int(self.right[node])):
                if child >= size or child in reached:
                    raise BrokenModelError(f"node {node} has no child {child} of its own", f"{self.name} left_children")
                reached.add(child)
                stack.append(child)
        return reached

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

    def threshold(self, node: int) -> float:
        """`v < t` of float32 values is `v <=` the float32 before t."""
        import numpy as np

        condition = np.float32(self.condition[node])
        if np.isnan(condition) or condition == -np.inf:
            raise BrokenModelError(f"{condition} is no threshold", f"{self.name} split_conditions")
        return float(np.nextafter(condition, np.float32(-np.inf)))

    def members(self, node: int) -> bytes:
        """The bits of the categories that go right."""
        return self._sets.bits(node)


_SIDES = ("left", "right")


class _Sets:
    """A tree's category sets: segments of `categories`, by node."""

    def __init__(self, name: str, entry: dict[str, Any]) -> None:
        self.where = f"{name} categories"
        self.categories = integers(entry.get("categories", []), self.where)
        nodes = integers(entry.get("categories_nodes", []), f"{self.where}_nodes").tolist()
        starts = integers(entry.get("categories_segments", []), f"{self.where}_segments", len(nodes)).tolist()
        sizes = integers(entry.get("categories_sizes", []), f"{self.where}_sizes", len(nodes)).tolist()
        self.segments = {node: (start, size) for node, start, size in zip(nodes, starts, sizes, strict=True)}
        if len(self.segments) != len(nodes):
            raise BrokenModelError("a node stands there twice", f"{self.where}_nodes")

    def bits(self, node: int) -> bytes:
        start, size = self.segments.get(node, (-1, 0))
        if start < 0 or size < 0 or start + size > len(self.categories):
            raise BrokenModelError("a node names categories that there are not", self.where)
        codes = self.categories[start : start + size]
        if size and not (codes.min() >= 0 and codes.max() < _MOST_CATEGORIES):
            raise BrokenModelError("a category is beyond 2**24", self.where)
        words = [0] * (int(codes.max(initial=-1)) // 32 + 1)
        for code in codes.tolist():
            words[code // 32] |= 1 << code % 32
        return struct.pack(f"<{len(words)}I", *words)

"""One tree of a text model: its nodes, leaves and linear leaves, taken into the forest under way.

The decisions are those of `Tree::NumericalDecision` and `Tree::CategoricalDecision` in LightGBM's tree.h.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field

from mlconvert_plugins.lightgbmtext.numbers import BrokenModelError, floats, ignored, integer, integers
from mlconvert_plugins.lightgbmtext.sections import Keys
from mlconvert_plugins.trees import topology
from mlconvert_plugins.trees.assembly import DecisionTable, SplitList
from mlconvert_plugins.trees.model import Decision

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_MISSING = ("none", "zero", "nan")
# NaN is in no set, and -0.5 is category 0: LightGBM casts to int.
_MEMBER = Decision("in", default="right", codes="truncate", members="left")


@dataclass
class Trees:
    """What has been read so far, tree by tree."""

    columns: int
    splits: SplitList = field(default_factory=SplitList)
    decisions: DecisionTable = field(default_factory=DecisionTable)
    kinds: dict[int, int] = field(default_factory=dict)
    leaves: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    # Whether LightGBM's own leaf numbers are ours in every tree.
    in_split_order: bool = True
    linear: list[bool] = field(default_factory=list)
    constants: list[float] = field(default_factory=list)
    terms: list[int] = field(default_factory=list)
    term_columns: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def add(self, name: str, keys: Keys) -> None:
        """Take a tree in. Raises BrokenModelError that names the tree and the field."""
        leaves = integer(keys["num_leaves"], f"{name} num_leaves", 1)
        split_leaf, order, labels = self._topology(name, keys, leaves)
        self._add_nodes(name, keys, split_leaf, order)
        values = floats(keys["leaf_value"], leaves, f"{name} leaf_value")
        rows = integers(keys.get("leaf_count") or b"0 " * leaves, leaves, f"{name} leaf_count")
        self.leaves.append(leaves)
        self.values += [values[leaf] for leaf in labels]
        self.rows += [rows[leaf] for leaf in labels]
        self.labels += labels
        self._add_linear(name, keys, labels)
        _check_ignored(name, keys, leaves)

    def _topology(self, name: str, keys: Keys, leaves: int) -> tuple[list[int], list[int], list[int]]:
        """`split_leaf`, the file's node in each place, and the file's leaf in each place."""
        left, right = (integers(keys[key], leaves - 1, f"{name} {key}") for key in ("left_child", "right_child"))
        split_leaf = topology.in_split_order(left, right)
        if split_leaf is not None:
            return split_leaf, list(range(leaves - 1)), list(range(leaves))
        self.in_split_order = False
        try:
            order = topology.preorder(left, right)
            split_leaf, occupant = topology.reorder(left, right, order)
        except topology.NotATreeError as error:
            raise BrokenModelError(str(error), f"{name} left_child") from None
        labels = [~one for one in occupant]
        if len(order) != leaves - 1 or sorted(labels) != list(range(leaves)):
            raise BrokenModelError("the children make no tree", f"{name} left_child")
        return split_leaf, order, labels

    def _add_nodes(self, name: str, keys: Keys, split_leaf: list[int], order: list[int]) -> None:
        nodes = len(order)
        columns = integers(keys["split_feature"], nodes, f"{name} split_feature")
        thresholds = floats(keys["threshold"], nodes, f"{name} threshold", infinite=True)
        types = integers(keys["decision_type"], nodes, f"{name} decision_type")
        if columns and not (min(columns) >= 0 and max(columns) < self.columns):
            raise BrokenModelError("a node names a column that there is not", f"{name} split_feature")
        sets = _Sets(name, keys)
        splits, first = self.splits, len(self.splits.column)
        for place, node in enumerate(order):
            if types[node] & _CATEGORICAL:
                splits.members[first + place] = sets.members(thresholds[node])
                thresholds[node] = math.nan
        splits.split_leaf += split_leaf
        splits.column += [columns[node] for node in order]
        splits.threshold += [thresholds[node] for node in order]
        splits.decision += [self._number(types[node], name) for node in order]

    def _number(self, kind: int, name: str) -> int:
        """The place of a node's `decision_type` in the table of decisions."""
        number = self.kinds.get(kind)
        if number is None:
            number = self.kinds[kind] = self.decisions.number(_decision(kind, name))
        return number

    def _add_linear(self, name: str, keys: Keys, labels: list[int]) -> None:
        linear = keys.get("is_linear", b"0")
        if linear not in (b"0", b"1"):
            raise BrokenModelError("it is neither 0 nor 1", f"{name} is_linear")
        self.linear.append(linear == b"1")
        if linear == b"0":
            return
        leaves = len(labels)
        constants = floats(keys.get("leaf_const", b""), leaves, f"{name} leaf_const")
        terms = integers(keys.get("num_features", b""), leaves, f"{name} num_features")
        if min(terms) < 0:
            raise BrokenModelError("a leaf has less than no terms", f"{name} num_features")
        columns = integers(keys.get("leaf_features", b""), sum(terms), f"{name} leaf_features")
        weights = floats(keys.get("leaf_coeff", b""), sum(terms), f"{name} leaf_coeff")
        if columns and not (min(columns) >= 0 and max(columns) < self.columns):
            raise BrokenModelError("a leaf names a column that there is not", f"{name} leaf_features")
        starts = [0]
        for count in terms:
            starts.append(starts[-1] + count)
        for leaf in labels:
            own = slice(starts[leaf], starts[leaf + 1])
            self.constants.append(constants[leaf])
            self.terms.append(terms[leaf])
            self.term_columns += columns[own]
            self.weights += weights[own]


def _check_ignored(name: str, keys: Keys, leaves: int) -> None:
    counts = {"split_gain": leaves - 1, "internal_value": leaves - 1, "internal_weight": leaves - 1}
    counts |= {"internal_count": leaves - 1, "leaf_weight": leaves, "shrinkage": 1}
    for key, count in counts.items():
        if keys.get(key):  # a tree of one leaf leaves them empty
            ignored(keys[key], count, f"{name} {key}")


def _decision(kind: int, name: str) -> Decision:
    """A node's `decision_type`: bit 0 categorical, bit 1 default left, bits 2 and 3 the missing type."""
    if not 0 <= kind < 4 * len(_MISSING):
        raise BrokenModelError(f"{kind} is not known here", f"{name} decision_type", "unknown-decision")
    if kind & _CATEGORICAL:
        return _MEMBER
    missing = _MISSING[kind >> 2]
    left = missing == "none" or kind & _DEFAULT_LEFT
    return Decision("<=", default="left" if left else "right", missing=missing)


class _Sets:
    """A tree's category sets: bits from `cat_threshold`, cut at `cat_boundaries`."""

    def __init__(self, name: str, keys: Keys) -> None:
        self.where = f"{name} cat_threshold"
        count = integer(keys["num_cat"], f"{name} num_cat")
        self.boundaries = integers(keys.get("cat_boundaries", b""), count + 1 if count else 0, f"{name} cat_boundaries")
        if self.boundaries and (self.boundaries[0] or sorted(self.boundaries) != self.boundaries):
            raise BrokenModelError("they do not ascend from 0", f"{name} cat_boundaries")
        words = integers(keys.get("cat_threshold", b""), self.boundaries[-1] if count else 0, self.where)
        if words and min(words) < 0:
            raise BrokenModelError("a word is negative", self.where)
        self.bits = struct.pack(f"<{len(words)}I", *words)

    def members(self, threshold: float) -> bytes:
        """The bits of the set that a node's threshold names."""
        number = int(threshold) if abs(threshold) < 2**31 else -1
        if number != threshold or not 0 <= number < len(self.boundaries) - 1:
            raise BrokenModelError("a node names a set that there is not", self.where)
        return self.bits[4 * self.boundaries[number] : 4 * self.boundaries[number + 1]]

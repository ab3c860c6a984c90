"""A forest of LightGBM's as the text that JPMML reads, where LightGBM's rules for zeros and NaN are plain thresholds.

LightGBM takes |x| <= `zero` for 0, and a NaN for 0 in columns that had none in training. JPMML knows neither. So a
threshold within `zero` of 0 moves to its edge; a NaN that is compared goes where 0 goes; and where zeros are missing
and go elsewhere, a node tests another column: one that is missing where its source is about zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mlconvert_plugins.jpmml import ensemble
from mlconvert_plugins.jpmml.ensemble import Tree
from mlconvert_plugins.trees.model import Forest

_CATEGORICAL, _DEFAULT_LEFT, _NAN = 1, 2, 8


@dataclass
class _Zeros:
    """The columns that are missing where their source is about zero: their places, by the source's place."""

    forest: Forest
    places: dict[int, int] = field(default_factory=dict)

    def of(self, column: int) -> int:
        return self.places.setdefault(column, len(self.forest.columns) + len(self.places))

    def told(self) -> Iterator[dict[str, Any]]:
        """As java/jpmml's class Columns is told of them."""
        for column in self.places:
            name = f"nonzero({self.forest.columns[column].name})"
            yield {"name": name, "of": column, "zero": self.forest.zero}


def write(forest: Forest) -> tuple[str, list[dict[str, Any]]]:
    """The text, and the columns as java/jpmml's class Columns is told of them."""
    zeros = _Zeros(forest)
    trees = [_tree(number, tree, zeros) for number, tree in enumerate(ensemble.trees(forest))]
    columns = [*ensemble.columns(forest, "asMissing"), *zeros.told()]
    header = {
        "version": "v4",
        "num_class": 1,
        "num_tree_per_iteration": 1,
        "label_index": 0,
        "max_feature_idx": len(columns) - 1,
        "objective": "regression",
        "feature_names": _words(f"f{place}" for place in range(len(columns))),
        "feature_infos": _words("none" for _ in columns),
    }
    return f"{_section('tree', header)}{''.join(trees)}end of trees\n", columns


def _section(name: str, keys: dict[str, Any]) -> str:
    lines = "".join(f"{key}={value}\n" for key, value in keys.items())
    return f"{name}\n{lines}\n"


def _words(values: Any) -> str:
    return " ".join(map(str, values))


def _tree(number: int, tree: Tree, zeros: _Zeros) -> str:
    sets = {node: place for place, node in enumerate(tree.members)}
    nodes = [_node(tree, node, sets, zeros) for node in range(len(tree.left))]
    boundaries, words = [0], list[int]()
    for members in tree.members.values():
        words += _bits(members)
        boundaries.append(len(words))
    keys = {
        "num_leaves": len(tree.leaves),
        "num_cat": len(tree.members),
        "split_feature": _words(column for column, _, _ in nodes),
        "threshold": _words(threshold for _, threshold, _ in nodes),
        "decision_type": _words(kind for _, _, kind in nodes),
        "left_child": _words(tree.left),
        "right_child": _words(tree.right),
        "leaf_value": _words(map(repr, tree.leaves)),
        "leaf_count": _words([0] * len(tree.leaves)),
        "internal_value": _words([0] * len(nodes)),
        "internal_count": _words([0] * len(nodes)),
        **({"cat_boundaries": _words(boundaries), "cat_threshold": _words(words)} if tree.members else {}),
    }
    return _section(f"Tree={number}", keys)


def _bits(members: list[int]) -> list[int]:
    words = [0] * (max(members, default=0) // 32 + 1)
    for code in members:
        words[code // 32] |= 1 << code % 32
    return words


def _node(tree: Tree, node: int, sets: dict[int, int], zeros: _Zeros) -> tuple[int, str, int]:
    """Its column, its threshold (or the number of its set) and its decision_type."""
    column, decision = tree.column[node], tree.decision[node]
    if node in sets:
        return column, str(sets[node]), _CATEGORICAL | _NAN
    threshold = _beside_zero(tree.threshold[node], zeros.forest.zero)
    zero_left = threshold >= 0
    left = zero_left if decision.missing == "none" else decision.default == "left"
    if decision.missing == "zero" and left != zero_left:
        column = zeros.of(column)
    # Java's word for it is not Python's.
    text = "Infinity" if math.isinf(threshold) else repr(threshold)
    return column, text, _NAN | (_DEFAULT_LEFT if left else 0)


def _beside_zero(threshold: float, zero: float) -> float:
    """A threshold that sends all values about zero where it sends 0, and every other value where it went."""
    if threshold >= 0:
        return max(threshold, zero)
    return min(threshold, math.nextafter(-zero, -math.inf))

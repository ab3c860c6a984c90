"""What stands out about a forest, for `inspect`."""

from __future__ import annotations

from typing import Any

from mlconvert_plugins.trees.model import Forest


def describe(forest: Forest) -> dict[str, Any]:
    """Where the forest came from, its sizes, its arithmetic."""
    leaves = forest.tree_leaves
    found: dict[str, Any] = {
        "source": dict(forest.source),
        "trees": forest.trees,
        "leaves": int(leaves.sum()),
        "leaves_of_the_largest_tree": int(leaves.max(initial=0)),
        "thresholds": len(forest.tables.threshold),
        "category_sets": len(forest.tables.set_words),
        "outputs": forest.outputs,
        "reads": forest.read,
        "sums": forest.sum,
        "link": forest.link.name,
        "decisions": [_words(one) for one in forest.decisions],
    }
    if forest.divisor != 1:
        found["divisor"] = forest.divisor
    if forest.linear is not None:
        found["linear_trees"] = int(forest.linear.tree.sum())
    return found


def _words(decision: Any) -> str:
    return ", ".join(f"{key} {value}" for key, value in vars(decision).items() if value)

"""A forest of XGBoost's as the JSON that JPMML reads, with nothing in it that JPMML takes otherwise: DART's weights are
in the leaves, trees of several outputs stand apart, `base_score` is no part of it.
"""

from __future__ import annotations

import json
from typing import Any

from mlconvert_plugins.jpmml import ensemble
from mlconvert_plugins.jpmml.ensemble import Tree
from mlconvert_plugins.trees.model import Forest

# What JPMML expects to stand where a node has no threshold: the least float32.
_NO_THRESHOLD = 1.401298464324817e-45


def write(forest: Forest) -> tuple[str, list[dict[str, Any]]]:
    """The document, and the columns as java/jpmml's class Columns is told of them."""
    trees = [_tree(number, tree) for number, tree in enumerate(ensemble.trees(forest))]
    columns = ensemble.columns(forest, "asIs")
    model = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(trees)), "size_leaf_vector": "1"},
        "tree_info": [0] * len(trees),
        "trees": trees,
    }
    learner = {
        "attributes": {},
        "feature_names": [f"f{place}" for place in range(len(columns))],
        "feature_types": ["float"] * len(columns),
        "gradient_booster": {"model": model, "name": "gbtree"},
        "learner_model_param": {
            "base_score": "0", "num_class": "0", "num_feature": str(len(columns)), "num_target": "1",
        },
        "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
    }  # fmt: skip
    return json.dumps({"learner": learner, "version": [2, 1, 0]}), columns


def _tree(number: int, tree: Tree) -> dict[str, Any]:
    """The nodes, then the leaves; what says how many rows of training went where is 0."""
    nodes, count = len(tree.left), len(tree.left) + len(tree.leaves)
    leaves = [0] * len(tree.leaves)
    sets = list(tree.members.items())
    return {
        "id": number,
        "tree_param": {
            "num_deleted": "0", "num_feature": "0", "num_nodes": str(count), "size_leaf_vector": "1",
        },
        "parents": _parents(tree, nodes),
        "left_children": [*(_place(child, nodes) for child in tree.left), *(-1 for _ in leaves)],
        "right_children": [*(_place(child, nodes) for child in tree.right), *(-1 for _ in leaves)],
        "split_indices": [*tree.column, *leaves],
        "split_conditions": [*(_condition(tree, node) for node in range(nodes)), *tree.leaves],
        "split_type": [*(int(node in tree.members) for node in range(nodes)), *leaves],
        "default_left": [*(int(decision.default == "left") for decision in tree.decision), *leaves],
        "categories": [code for _, codes in sets for code in codes],
        "categories_nodes": [node for node, _ in sets],
        "categories_segments": [sum(len(codes) for _, codes in sets[:place]) for place in range(len(sets))],
        "categories_sizes": [len(codes) for _, codes in sets],
        "base_weights": [0.0] * count,
        "loss_changes": [0.0] * count,
        "sum_hessian": [0.0] * count,
    }  # fmt: skip


def _place(child: int, nodes: int) -> int:
    return child if child >= 0 else nodes + ~child


def _parents(tree: Tree, nodes: int) -> list[int]:
    parents = [2**31 - 1] * (nodes + len(tree.leaves))
    for side in (tree.left, tree.right):
        for node, child in enumerate(side):
            parents[_place(child, nodes)] = node
    return parents


def _condition(tree: Tree, node: int) -> float:
    """The float32 after the last value that goes left: XGBoost's test is `<`."""
    import numpy as np

    if node in tree.members:
        return _NO_THRESHOLD
    return float(np.nextafter(np.float32(tree.threshold[node]), np.float32(np.inf)))

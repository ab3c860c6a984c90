"""Trees without pointers: from child pointers to the leaf that each node splits, and back.

Leaf numbers follow LightGBM's rule (`Tree::Split`): a node's left child keeps the number of the leaf that is split, its
right child takes the next free one. A node in some library's file is an index >= 0, a leaf `~index`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


class NotATreeError(ValueError):
    """The pointers reach a node twice, or not at all, or do not exist."""


def in_split_order(left: Sequence[int], right: Sequence[int]) -> list[int] | None:
    """`split_leaf` of a tree whose nodes and leaves are numbered by the rule already; None when they are not.

    Proves on the way that it is a tree: parents come before children, and nothing has two parents.
    """
    nodes = len(left)
    if len({*left, *right}) != 2 * nodes:
        return None
    leftmost = [0] * nodes
    for node in range(nodes - 1, -1, -1):
        below, beside = left[node], right[node]
        if not (node < below < nodes or ~nodes <= below < 0) or not (node < beside < nodes or ~nodes <= beside < 0):
            return None
        leftmost[node] = leftmost[below] if below >= 0 else ~below
        if (leftmost[beside] if beside >= 0 else ~beside) != node + 1:
            return None
    return None if nodes and leftmost[0] != 0 else leftmost


def reorder(left: Sequence[int], right: Sequence[int], order: Sequence[int]) -> tuple[list[int], list[int]]:
    """`split_leaf` of the nodes in `order`, which has parents before children, and the leaves (`~index`) by number.

    Raises NotATreeError.
    """
    if not order:
        return [], [~0]
    occupant, number = [order[0]], {order[0]: 0}
    split_leaf = []
    for node in order:
        place = number.pop(node, None)
        if place is None:
            raise NotATreeError(f"node {node} does not hang on a node before it")
        split_leaf.append(place)
        below, beside = left[node], right[node]
        if below in number or beside in number or below == beside:
            raise NotATreeError(f"node {node} has a child that hangs elsewhere too")
        number[below], number[beside] = place, len(occupant)
        occupant[place] = below
        occupant.append(beside)
    if any(one >= 0 for one in occupant):
        raise NotATreeError("a node is not in the order")
    return split_leaf, occupant


def pair_labels(split_leaf: Sequence[int]) -> list[int]:
    """The leaf numbers of a library whose i-th node to be split has the children 2 * i + 1 and 2 * i + 2."""
    labels = [0] * (len(split_leaf) + 1)
    for node, leaf in enumerate(split_leaf):
        labels[leaf], labels[node + 1] = 2 * node + 1, 2 * node + 2
    return labels


def preorder(left: Sequence[int], right: Sequence[int]) -> list[int]:
    """The nodes from the root 0, parents before children, left before right. Raises NotATreeError."""
    nodes = len(left)
    order: list[int] = []
    stack = [0] if nodes else []
    while stack:
        node = stack.pop()
        order.append(node)
        if len(order) > nodes:
            raise NotATreeError("a node is reached twice")
        for child in (right[node], left[node]):
            if child >= nodes or child < ~nodes:
                raise NotATreeError(f"node {node} has no child {child}")
            if child >= 0:
                stack.append(child)
    return order


def children(tree_leaves: np.ndarray, split_leaf: np.ndarray) -> np.ndarray:
    """Pointers for walking, int64[nodes, 2]: left and right child of each node.

    Nodes and leaves count over the whole forest; a leaf is `~index`.
    """
    import numpy as np

    first_leaf = np.cumsum(tree_leaves) - tree_leaves
    nodes, leaves = len(split_leaf), int(tree_leaves.sum())
    place = split_leaf + np.repeat(first_leaf, tree_leaves - 1)
    # Who has stood in each leaf's place, one after the other: the nodes that took it, then the leaf. Each is the left
    # child of the one before it, and the first of place i + 1 is the right child of node i.
    order = np.argsort(place, kind="stable")
    stood = np.empty(nodes + leaves, dtype=np.int64)
    of_node = np.arange(nodes) + place[order]
    taken = np.bincount(place, minlength=leaves)
    of_leaf = np.cumsum(taken) + np.arange(leaves)
    stood[of_node], stood[of_leaf] = order, ~np.arange(leaves)
    pointers = np.empty((nodes, 2), dtype=np.int64)
    pointers[order, 0] = stood[of_node + 1]
    pointers[:, 1] = stood[np.delete(of_leaf - taken, first_leaf)]
    return pointers


def per_tree(tree_leaves: np.ndarray, split_leaf: np.ndarray) -> Iterator[tuple[list[int], int]]:
    """Each tree's part of `split_leaf`, and the number of leaves before it."""
    node = leaf = 0
    for leaves in tree_leaves.tolist():
        yield split_leaf[node : node + leaves - 1].tolist(), leaf
        node += leaves - 1
        leaf += leaves

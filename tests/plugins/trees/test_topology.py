from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlconvert_plugins.trees import topology
from mlconvert_plugins.trees.topology import NotATreeError

SPLITS = st.integers(0, 30).flatmap(lambda nodes: st.tuples(*(st.integers(0, node) for node in range(nodes))))


def pointers(split_leaf: tuple[int, ...]) -> tuple[list[int], list[int]]:
    found = topology.children(np.array([len(split_leaf) + 1]), np.array(split_leaf, dtype=np.int64))
    return found[:, 0].tolist(), found[:, 1].tolist()


@given(SPLITS)
def test_every_sequence_is_a_tree_and_comes_back(split_leaf: tuple[int, ...]) -> None:
    left, right = pointers(split_leaf)
    leaves = range(-len(split_leaf) - 1, 0) if split_leaf else ()
    assert sorted([*left, *right]) == [*leaves, *range(1, len(split_leaf))]
    assert topology.in_split_order(left, right) == list(split_leaf)
    again, occupant = topology.reorder(left, right, list(range(len(left))))
    assert again == list(split_leaf)
    assert occupant == [~leaf for leaf in range(len(split_leaf) + 1)]


@given(SPLITS, st.data())
def test_what_is_taken_for_a_tree_is_that_tree(split_leaf: tuple[int, ...], data: st.DataObject) -> None:
    """Also with some of its pointers changed."""
    sides = pointers(split_leaf)
    nodes = len(split_leaf)
    for _ in range(data.draw(st.integers(0, 3)) if nodes else 0):
        side, node = data.draw(st.integers(0, 1)), data.draw(st.integers(0, nodes - 1))
        sides[side][node] = data.draw(st.integers(-nodes - 2, nodes))
    found = topology.in_split_order(*sides)
    assert found is None or pointers(tuple(found)) == sides
    try:
        again, occupant = topology.reorder(*sides, topology.preorder(*sides))
    except NotATreeError:
        assert found is None
    else:
        assert len(set(occupant)) == len(again) + 1 <= nodes + 1, "pruned nodes may be left over"


@given(SPLITS)
def test_preorder_has_parents_first(split_leaf: tuple[int, ...]) -> None:
    left, right = pointers(split_leaf)
    order = topology.preorder(left, right)
    assert sorted(order) == list(range(len(left)))
    topology.reorder(left, right, order)


def test_several_trees_count_on() -> None:
    found = topology.children(np.array([2, 1, 3]), np.array([0, 0, 0]))
    assert found.tolist() == [[-1, -2], [2, -5], [-4, -6]]


@pytest.mark.parametrize(
    ("left", "right"),
    [([1, 0], [-1, -2]), ([1, 1], [-1, -2]), ([5], [-1]), ([-1], [-9]), ([-1], [-1]), ([0], [-1])],
)
def test_what_is_no_tree(left: list[int], right: list[int]) -> None:
    assert topology.in_split_order(left, right) is None
    with pytest.raises(NotATreeError):
        topology.reorder(left, right, topology.preorder(left, right))

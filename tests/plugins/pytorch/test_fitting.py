"""Sizes to trace with, and sizes to try instead."""

from __future__ import annotations

from mlconvert.signature import DimRange, Signature, Tensor
from mlconvert_plugins.pytorch.fitting import example_sizes, other_sizes, settled

X = Tensor("x", "float32", ("a", "b", 4, "2*c"))


def test_examples_are_neither_special_nor_equal() -> None:
    dims = {"a": DimRange(1, 1, 8), "b": DimRange(2, 4, 9), "c": DimRange(1, 2, None)}
    sizes = example_sizes(Signature((X,), dims=dims))
    assert sizes == {"a": 2, "b": 5, "c": 3}
    others = other_sizes(Signature((X,), dims=dims), sizes)
    assert all(others[name] != size and others[name] in dims[name] for name, size in sizes.items())


def test_a_range_that_leaves_no_choice_is_kept_to() -> None:
    dims = {"a": DimRange(4, 4, 5), "b": DimRange(1, 1, 2), "c": DimRange(1, 1, 1)}
    assert example_sizes(Signature((X,), dims=dims)) == {"a": 5, "b": 2, "c": 1}


def test_dims_of_one_size_become_that_size() -> None:
    dims = {"a": DimRange(3, 3, 3), "c": DimRange(5, 5, 5), "unused": DimRange()}
    done = settled(Signature((X,), dims=dims))
    assert done.inputs[0].shape == (3, "b", 4, 10)
    assert done.dims == {"b": DimRange()}

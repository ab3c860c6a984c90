"""Layouts: in which order axes lie. `layout[i]` is the ONNX axis that lies at place `i`; () is ONNX's order."""

from __future__ import annotations

from collections.abc import Sequence

Layout = tuple[int, ...]


def channels_last(rank: int) -> Layout:
    """Batch, spatial axes, channels: what TensorFlow's kernels on the CPU take."""
    return (0, *range(2, rank), 1) if rank > 2 else ()


def canonical(layout: Sequence[int]) -> Layout:
    """The layout, as () where it is ONNX's order."""
    return () if list(layout) == list(range(len(layout))) else tuple(layout)


def inverse(layout: Sequence[int]) -> Layout:
    """The permutation that undoes it: the place at which each ONNX axis lies."""
    found = [0] * len(layout)
    for place, axis in enumerate(layout):
        found[axis] = place
    return tuple(found)


def between(source: Layout, target: Layout, rank: int) -> Layout:
    """The permutation that brings a tensor from one layout to another; () where there is nothing to do."""
    places = inverse(source or range(rank))
    return canonical([places[axis] for axis in target or range(rank)])


def without(layout: Layout, axes: Sequence[int]) -> Layout:
    """The layout of what is left when these ONNX axes are gone."""
    kept = [axis for axis in layout if axis not in axes]
    return canonical([sorted(kept).index(axis) for axis in kept])


def is_reshape(permutation: Layout, shape: Sequence[int | None]) -> bool:
    """Whether the permutation moves nothing but axes of size 1, so that the numbers stay in their order."""
    moved = [axis for axis in permutation if shape[axis] != 1]
    return moved == sorted(moved)

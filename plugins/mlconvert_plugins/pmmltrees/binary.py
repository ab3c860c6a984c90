"""A binary tree under way: nodes with parents before children, and what tells the pieces of a column apart."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from mlconvert_plugins.pmmltrees.partitions import Choice, Span, State

Key = TypeVar("Key")


@dataclass
class Binary:
    """Nodes and pointers; a leaf is `~number`. A node compares with `threshold`, or where that is NaN tests membership
    in `members`, which go left. `nan_left` says which way a missing value goes.
    """

    column: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    members: dict[int, frozenset[int]] = field(default_factory=dict)
    nan_left: list[bool] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)

    def add(self, column: int, nan_left: bool, threshold: float = math.nan) -> int:
        """A node whose children are not known yet; its number."""
        for values, value in ((self.left, 0), (self.right, 0)):
            values.append(value)
        self.column.append(column)
        self.threshold.append(threshold)
        self.nan_left.append(nan_left)
        return len(self.column) - 1


@dataclass(frozen=True)
class Slot:
    """Where a pointer is to be put."""

    pointers: list[int]
    place: int

    def put(self, pointer: int) -> None:
        """A node's number, or a leaf's as `~number`."""
        self.pointers[self.place] = pointer


@dataclass
class Pieces(Generic[Key]):
    """What a column may hold, cut into pieces, and what follows from each. `nan` is what follows from NaN, None where
    NaN cannot come. Pieces of one outcome are one, as far as they are neighbours.
    """

    pieces: list[tuple[State, Key]]
    nan: Key | None = None

    def __post_init__(self) -> None:
        merged: list[tuple[State, Key]] = []
        for state, key in self.pieces:
            before = merged[-1] if merged else None
            if before is not None and before[1] == key and isinstance(before[0], Span) and isinstance(state, Span):
                merged[-1] = (replace(before[0], high=state.high), key)
            else:
                merged.append((state, key))
        self.pieces = merged if not merged or isinstance(merged[0][0], Span) else _united(merged)

    def emit(self, column: int, binary: Binary, slot: Slot) -> list[tuple[State, Key, Slot]]:
        """The nodes that tell the pieces apart, from the slot on; and each piece with the slot that it got."""
        found: list[tuple[State, Key, Slot]] = []
        joined = next((number for number, (_, key) in enumerate(self.pieces) if key == self.nan), None)
        if self.nan is not None and joined is None:
            slot = self._apart(column, binary, slot, found)
        for number, (state, key) in enumerate(self.pieces):
            own = replace(state, nan=True) if number == joined else state
            if number < len(self.pieces) - 1:
                node = _told(column, state, number == joined, binary)
                slot.put(node)
                found.append((own, key, Slot(binary.left, node)))
                slot = Slot(binary.right, node)
            else:
                found.append((own, key, slot))
        return found

    def _apart(self, column: int, binary: Binary, slot: Slot, found: list[tuple[State, Key, Slot]]) -> Slot:
        """A node that sends NaN alone one way; the slot of everything else."""
        state = self.pieces[0][0].only_nan()
        assert self.nan is not None
        if isinstance(state, Span):
            node = binary.add(column, nan_left=False, threshold=math.inf)
            own, rest = Slot(binary.right, node), Slot(binary.left, node)
        else:
            node = binary.add(column, nan_left=True)
            binary.members[node] = frozenset()
            own, rest = Slot(binary.left, node), Slot(binary.right, node)
        slot.put(node)
        found.append((state, self.nan, own))
        return rest


def _told(column: int, state: State, nan_left: bool, binary: Binary) -> int:
    """The node that sends a piece to the left, and those after it to the right."""
    if isinstance(state, Span):
        return binary.add(column, nan_left, state.high)
    node = binary.add(column, nan_left)
    binary.members[node] = state.codes
    return node


def _united(pieces: list[tuple[State, Key]]) -> list[tuple[State, Key]]:
    """Choices of one outcome as one; the one that holds all other codes stays last."""
    by_key: dict[Key, Choice] = {}
    for state, key in pieces:
        assert isinstance(state, Choice)
        before = by_key.get(key)
        by_key[key] = state if before is None else _union(before, state)
    in_order = sorted(by_key.items(), key=lambda one: one[1].others)
    return [(state, key) for key, state in in_order]


def _union(one: Choice, other: Choice) -> Choice:
    if one.others == other.others:
        return replace(one, codes=one.codes | other.codes)
    finite, rest = (other, one) if one.others else (one, other)
    return replace(rest, codes=rest.codes - finite.codes)

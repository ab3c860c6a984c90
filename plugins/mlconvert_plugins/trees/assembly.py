"""From a reader's nodes, each with its own threshold or set, to the forest's shared tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlconvert_plugins.trees.model import Decision, Nodes, Tables

if TYPE_CHECKING:
    import numpy as np


@dataclass
class SplitList:
    """Nodes as a reader finds them, tree by tree, in the forest's order.

    `threshold` is NaN where the node tests membership; `members` then holds, by the node's index, the bits of its
    category set as little-endian 32-bit words.
    """

    split_leaf: list[int] = field(default_factory=list)
    column: list[int] = field(default_factory=list)
    decision: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    members: dict[int, bytes] = field(default_factory=dict)

    def tables(self, columns: int) -> tuple[Nodes, Tables]:
        """The nodes with their ranks, and the tables that they rank in."""
        import numpy as np

        column = np.array(self.column, dtype=np.int64)
        threshold = np.array(self.threshold, dtype=np.float64) + 0.0  # there is but one zero
        rank = np.zeros(len(column), dtype=np.int64)
        numeric = np.ones(len(column), dtype=bool)
        numeric[list(self.members)] = False
        rank[numeric], count, distinct = _ranked(column[numeric], threshold[numeric], columns)
        set_count, words, bits = self._sets(rank, columns)
        split_leaf, decision = (np.array(values, dtype=np.int64) for values in (self.split_leaf, self.decision))
        return Nodes(split_leaf, column, decision, rank), Tables(count, distinct, set_count, words, bits)

    def _sets(self, rank: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Number each column's distinct sets in order of appearance, into `rank`."""
        import numpy as np

        known: dict[int, dict[bytes, int]] = {}
        for node, bits in self.members.items():
            own = known.setdefault(self.column[node], {})
            rank[node] = own.setdefault(_trimmed(bits), len(own))
        in_order = [bits for column in sorted(known) for bits in known[column]]
        count = np.array([len(known.get(column, ())) for column in range(columns)], dtype=np.int64)
        words = np.array([len(bits) // 4 for bits in in_order], dtype=np.int64)
        return count, words, np.frombuffer(b"".join(in_order), dtype="<u4")


def _trimmed(bits: bytes) -> bytes:
    """Without the words at the end that hold no member."""
    return bits[: -(-len(bits.rstrip(b"\0")) // 4) * 4]


def _ranked(column: np.ndarray, threshold: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rank of each threshold within its column, the number of distinct ones by column, and these, sorted."""
    import numpy as np

    order = np.lexsort((threshold, column))
    by_column, ascending = column[order], threshold[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (by_column[1:] != by_column[:-1]) | (ascending[1:] != ascending[:-1])
    count = np.bincount(by_column[new], minlength=columns)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.cumsum(new) - 1
    return rank - (np.cumsum(count) - count)[column], count.astype(np.int64), ascending[new]


# Training rows matter to a runtime where trees have more leaves than a machine word has bits.
_MANY_LEAVES = 64


def leaf_rows(tree_leaves: list[int], rows: list[float]) -> np.ndarray | None:
    """The hint `leaf_rows` from each leaf's number of training rows, or their weight; None where it is of no use."""
    import numpy as np

    if max(tree_leaves) <= _MANY_LEAVES:
        return None
    known = np.array(rows, dtype=np.float64)
    coarse = 1 + np.round(2 * np.log2(np.maximum(np.where(known > 0, known, 1), 1)))
    return np.where(known > 0, np.minimum(coarse, 255), 0).astype(np.uint8)


@dataclass
class DecisionTable:
    """Numbers decisions in order of appearance."""

    known: dict[Decision, int] = field(default_factory=dict)

    def number(self, decision: Decision) -> int:
        """The decision's place in the table."""
        return self.known.setdefault(decision, len(self.known))

    def decisions(self) -> tuple[Decision, ...]:
        """The table."""
        return tuple(self.known)

"""The trees of a document, taken over one after the other into the forest under way."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mlconvert_plugins.pmmlfile.errors import BrokenDocumentError
from mlconvert_plugins.pmmlfile.texts import category, text_of
from mlconvert_plugins.pmmltrees import numbers
from mlconvert_plugins.pmmltrees.binary import Binary
from mlconvert_plugins.pmmltrees.columns import unsupported
from mlconvert_plugins.pmmltrees.fields import Fields
from mlconvert_plugins.pmmltrees.growing import grow
from mlconvert_plugins.pmmltrees.model import Model, Node
from mlconvert_plugins.trees import topology
from mlconvert_plugins.trees.assembly import DecisionTable, SplitList
from mlconvert_plugins.trees.model import Decision


@dataclass
class Trees:
    """What has been read so far. `values` holds each tree's leaves, a tuple each: one number, or one for each label.

    `chosen` is false for a tree with a leaf whose score is not the first of the labels with the largest probability.
    """

    fields: Fields
    labels: tuple[Any, ...]
    splits: SplitList = field(default_factory=SplitList)
    decisions: DecisionTable = field(default_factory=DecisionTable)
    leaves: list[int] = field(default_factory=list)
    values: list[list[tuple[float, ...]]] = field(default_factory=list)
    rows: list[float] = field(default_factory=list)
    chosen: list[bool] = field(default_factory=list)

    def add(self, model: Model) -> int:
        """Take a TreeModel in; its number. Raises ConversionError."""
        self.fields.check_nested(model)
        binary, leaves, root = grow(model, self.fields)
        order = list(range(len(binary.column)))
        split_leaf, occupant = topology.reorder(binary.left, binary.right, order) if order else ([], [root])
        self._add_nodes(binary, split_leaf)
        nodes = [leaves[~one] for one in occupant]
        scored = _Scores(model, self.labels)
        self.values.append([scored.values(node) for node in nodes])
        self.rows += [_rows(node) for node in nodes]
        self.leaves.append(len(nodes))
        self.chosen.append(scored.chosen)
        return len(self.leaves) - 1

    def _add_nodes(self, binary: Binary, split_leaf: list[int]) -> None:
        splits, first = self.splits, len(self.splits.column)
        splits.split_leaf += split_leaf
        splits.column += binary.column
        splits.threshold += binary.threshold
        splits.members |= {first + node: _bits(codes) for node, codes in binary.members.items()}
        splits.decision += [
            self.decisions.number(_decision(node in binary.members, nan_left))
            for node, nan_left in enumerate(binary.nan_left)
        ]


def _decision(member: bool, nan_left: bool) -> Decision:
    default = "left" if nan_left else "right"
    if member:
        return Decision("in", default, codes="truncate", members="left")
    return Decision("<=", default, missing="nan")


def _bits(codes: frozenset[int]) -> bytes:
    words = [0] * (max(codes, default=-1) // 32 + 1)
    for code in codes:
        words[code // 32] |= 1 << code % 32
    return struct.pack(f"<{len(words)}I", *words)


def _rows(node: Node) -> float:
    """The training rows of a leaf, a hint; 0 where the document does not say."""
    try:
        return float(node.rows or 0)
    except ValueError:
        raise BrokenDocumentError(f"{node.rows!r} is no number", "Node recordCount") from None


class _Scores:
    """What the nodes of one TreeModel predict."""

    def __init__(self, model: Model, labels: Sequence[Any]) -> None:
        self.single = model.single
        self.labels = labels
        self.texts = [text_of(label) for label in labels]
        self.classifies = model.attributes.get("functionName") == "classification"
        self.chosen = True

    def values(self, node: Node) -> tuple[float, ...]:
        """The score, or a probability for each label. Raises ConversionError."""
        where = f"Node {node.id or ''}".strip()
        if not self.classifies:
            return (self._number(node.score, f"{where} score"),)
        if not self.labels:
            raise unsupported("a tree of classes in a model without classes", where)
        found = self._shares(node, where)
        best = max(range(len(found)), key=lambda number: (found[number], -number))
        self.chosen &= category(self.labels[best], [node.score or ""]) is not None
        return found

    def _number(self, text: str | None, where: str) -> float:
        return numbers.single(text, where) if self.single else numbers.double(text, where)

    def _shares(self, node: Node, where: str) -> tuple[float, ...]:
        """Probabilities as they are, or record counts; divided by their sum where that is not 1."""
        if not node.shares:
            raise unsupported("a tree of classes whose leaf has no ScoreDistribution", where)
        named = [category(label, [value or "" for value, _, _ in node.shares]) for label in self.labels]
        # Of equal probabilities the first in the document is chosen, and in the forest the first label.
        if None in named or named != [value for value, _, _ in node.shares]:
            raise unsupported("its ScoreDistribution elements are not one for each class, in their order", where)
        given = node.shares[0][2] is not None
        texts = [probability if given else count for _, count, probability in node.shares]
        if any((probability is not None) != given for _, _, probability in node.shares):
            raise BrokenDocumentError("some have a probability, and some have none", f"{where} ScoreDistribution")
        values = [self._number(text, f"{where} ScoreDistribution") for text in texts]
        total = 0.0
        for value in values:
            total = self._rounded(total + value)
        if min(values) < 0 or not total > 0:
            raise BrokenDocumentError("they are no shares", f"{where} ScoreDistribution")
        return tuple(values if total == 1 else [self._rounded(value / total) for value in values])

    def _rounded(self, value: float) -> float:
        # A sum or quotient of float32 values in float64, rounded, is that in float32.
        return numbers.to_single(value) if self.single else value

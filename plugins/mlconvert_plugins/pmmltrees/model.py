"""A document as it is read: models, trees, predicates. Names are those of PMML's elements and attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Constant(NamedTuple):
    """`True` and `False`."""

    value: bool


class Simple(NamedTuple):
    """A `SimplePredicate`; isMissing and isNotMissing have no value."""

    field: str
    operator: str
    value: str | None


class Members(NamedTuple):
    """A `SimpleSetPredicate`."""

    field: str
    inside: bool
    values: tuple[str, ...]


class Compound(NamedTuple):
    """A `CompoundPredicate`."""

    operator: str
    parts: tuple[Predicate, ...]


Predicate = Constant | Simple | Members | Compound


@dataclass(slots=True, eq=False)
class Node:
    """A node; `shares` are its score distributions as (value, recordCount, probability)."""

    id: str | None
    score: str | None
    default_child: str | None
    rows: str | None
    predicate: Predicate | None = None
    children: list[Node] = field(default_factory=list)
    shares: list[tuple[str | None, str | None, str | None]] = field(default_factory=list)


@dataclass(slots=True)
class Derived:
    """A `DerivedField` that refers to another field, in a type of its own."""

    name: str
    data_type: str
    field: str = ""


@dataclass(slots=True)
class Table:
    """A `RegressionTable`: `terms` are (name, coefficient)."""

    intercept: str
    category: str | None
    terms: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Segment:
    """A `Segment` with its model."""

    weight: str | None
    predicate: Predicate | None = None
    model: Model | None = None


@dataclass(slots=True)
class Model:
    """A TreeModel (`root`), MiningModel (`segments`) or RegressionModel (`tables`).

    `schema` are the attributes of its mining fields by name. A tree that has been taken over leaves its `tree`, the
    number that it got, and no root.
    """

    element: str
    attributes: dict[str, str]
    parent: Model | None = None
    schema: dict[str, dict[str, str]] = field(default_factory=dict)
    derived: dict[str, Derived] = field(default_factory=dict)
    outputs: list[dict[str, str]] = field(default_factory=list)
    targets: list[dict[str, str]] = field(default_factory=list)
    method: str = ""
    segments: list[Segment] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    root: Node | None = None
    tree: int = -1

    @property
    def single(self) -> bool:
        """Whether it computes in float32."""
        return self.attributes.get("x-mathContext") == "float"

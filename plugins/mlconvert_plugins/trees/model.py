"""A forest in memory: the header's values and the arrays of `docs/forest.md`, under the same names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlconvert.signature import Column, DimRange, Signature, Tensor

if TYPE_CHECKING:
    import numpy as np

# float32's 1e-35, as a float64: what LightGBM takes for zero.
LIGHTGBM_ZERO = 1.0000000180025095e-35

LINKS = ("identity", "sigmoid", "softmax", "exp", "softplus", "square", "step", "isolation")


@dataclass(frozen=True)
class Decision:
    """How a node decides. `test` is `<=` (with `missing`: nan, zero or none) or `in` (with `codes` and `members`)."""

    test: str
    default: str
    missing: str = ""
    codes: str = ""
    members: str = ""


@dataclass(frozen=True)
class Link:
    """The function from margins to outputs, one of `LINKS`.

    `scale` belongs to `sigmoid` and `softmax`, `offset` to `isolation`.
    """

    name: str = "identity"
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class Nodes:
    """All nodes of all trees, in tree order, parents before children.

    `split_leaf` is the leaf, numbered within its tree, whose place the node takes. `rank` counts among the column's
    thresholds or sets. Each int64[nodes].
    """

    split_leaf: np.ndarray
    column: np.ndarray
    decision: np.ndarray
    rank: np.ndarray


@dataclass(frozen=True)
class Tables:
    """What nodes compare with, column by column.

    `threshold_count` and `set_count` are int64[columns]. `threshold` is float64, strictly ascending within a column.
    `set` is uint32: the bits of one category set after the other, `set_words[i]` words each.
    """

    threshold_count: np.ndarray
    threshold: np.ndarray
    set_count: np.ndarray
    set_words: np.ndarray
    set: np.ndarray


@dataclass(frozen=True)
class Linear:
    """Linear leaves. `tree` says which trees have them (bool[trees]); `constant` and `terms` run over their leaves,
    `column` and `weight` over the terms.
    """

    tree: np.ndarray
    constant: np.ndarray
    terms: np.ndarray
    column: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Forest:
    """A tree ensemble with its exact arithmetic; `docs/forest.md` says what each field means.

    `tree_leaves` and `tree_output` are int64[trees], `leaf_value` float64[leaves, width], `base` float64[outputs],
    `leaf_label` int64[leaves] for `labelling` `listed`, `leaf_rows` (a hint) uint8[leaves].
    """

    columns: tuple[Column, ...]
    outputs: int
    decisions: tuple[Decision, ...]
    tree_leaves: np.ndarray
    tree_output: np.ndarray
    nodes: Nodes
    tables: Tables
    leaf_value: np.ndarray
    base: np.ndarray
    linear: Linear | None = None
    leaf_label: np.ndarray | None = None
    leaf_rows: np.ndarray | None = None
    labels: tuple[Any, ...] = ()
    width: int = 1
    read: str = "float64"
    zero: float = 0.0
    sum: str = "float64"
    base_at: str = "start"
    divisor: float = 1
    link: Link = field(default_factory=Link)
    label: str = "probability"
    labelling: str = "split"
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trees(self) -> int:
        """How many trees there are."""
        return len(self.tree_leaves)

    def signature(self) -> Signature:
        """What it takes and gives."""
        return tabular(self.columns, self.outputs, self.labels, self.sum)


def tabular(columns: tuple[Column, ...], outputs: int, labels: tuple[Any, ...], dtype: str = "float64") -> Signature:
    """One input `x`; the margins; and `probability` and `label` of a classifier, the `prediction` of any other."""
    rows = "n"
    found = [Tensor("margin", dtype, (rows, outputs))]
    if labels:
        found += [Tensor("probability", dtype, (rows, len(labels))), Tensor("label", label_dtype(labels), (rows,))]
    else:
        found.append(Tensor("prediction", dtype, (rows, outputs)))
    return Signature(
        inputs=(Tensor("x", "float64", (rows, len(columns))),),
        outputs=tuple(found),
        dims={rows: DimRange(1, 1, None)},
        columns=columns,
        labels=labels,
    )


def label_dtype(labels: tuple[Any, ...]) -> str:
    """The dtype of an array of these labels: bool, int64, float64 or string."""
    kinds = {type(label) for label in labels}
    if kinds == {bool}:
        return "bool"
    if kinds == {int}:
        return "int64"
    if kinds <= {int, float}:
        return "float64"
    return "string"


def label_array(labels: tuple[Any, ...]) -> np.ndarray:
    """The labels as an array of `label_dtype`; what is neither number nor boolean stays an object."""
    import numpy as np

    dtype = label_dtype(labels)
    return np.array(labels, dtype=object if dtype == "string" else dtype)

"""A forest as JPMML is told of it: its columns, targets, sums and link, beside the trees that JPMML itself reads.

Trees go to JPMML in the library's own format, made plain: LightGBM's rules that JPMML does not know are written into
thresholds, default branches and columns, which then decide the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlconvert.errors import Refusal
from mlconvert.signature import Column
from mlconvert.text import for_terminal
from mlconvert_plugins.pmmlfile import naming
from mlconvert_plugins.trees.model import Decision, Forest

if TYPE_CHECKING:
    import numpy as np

# Integers of JPMML's.
_INTEGERS = range(-(2**31), 2**31)
# PMML's data types of categories and labels, by their Python type.
_TYPES = {bool: "boolean", int: "integer", float: "double", str: "string"}


@dataclass(frozen=True)
class Tree:
    """A tree with pointers: a child is a node of the tree, or a leaf as `~leaf`. Lists run over its nodes."""

    left: list[int]
    right: list[int]
    column: list[int]
    decision: list[Decision]
    # NaN where the node tests membership; `members` has its codes then, by node.
    threshold: list[float]
    members: dict[int, list[int]]
    leaves: list[float]


def trees(forest: Forest) -> Iterator[Tree]:
    """The trees in order, those of several outputs as one for each output, as `tree_output` has them."""
    from mlconvert_plugins.trees import topology

    pointers = topology.children(forest.tree_leaves, forest.nodes.split_leaf)
    thresholds, sets = _thresholds(forest), _members(forest)
    first_node = first_leaf = 0
    for leaves in forest.tree_leaves.tolist():
        own = slice(first_node, first_node + leaves - 1)
        left, right = ([_within(child, first_node, first_leaf) for child in side] for side in pointers[own].T.tolist())
        values = forest.leaf_value[first_leaf : first_leaf + leaves]
        decisions = [forest.decisions[number] for number in forest.nodes.decision[own].tolist()]
        members = {node - own.start: sets[node] for node in range(own.start, own.stop) if node in sets}
        column, threshold = forest.nodes.column[own].tolist(), thresholds[own].tolist()
        for output in range(forest.width):
            yield Tree(left, right, column, decisions, threshold, members, values[:, output].tolist())
        first_node += leaves - 1
        first_leaf += leaves


def tree_output(forest: Forest) -> list[int]:
    """The output that each of `trees` adds to."""
    if forest.width == 1:
        return [int(output) for output in forest.tree_output]
    return list(range(forest.width)) * forest.trees


def _within(child: int, first_node: int, first_leaf: int) -> int:
    return child - first_node if child >= 0 else ~(~child - first_leaf)


def _thresholds(forest: Forest) -> np.ndarray:
    """Of every node; NaN where it tests membership."""
    import numpy as np

    nodes, tables = forest.nodes, forest.tables
    first = np.cumsum(tables.threshold_count) - tables.threshold_count
    compared = np.array([decision.test == "<=" for decision in forest.decisions], dtype=bool)[nodes.decision]
    found = np.full(len(nodes.column), np.nan)
    found[compared] = tables.threshold[(first[nodes.column] + nodes.rank)[compared]]
    return found


def _members(forest: Forest) -> dict[int, list[int]]:
    """The codes of every node that tests membership; where its column has categories, none beyond them."""
    import numpy as np

    nodes, tables = forest.nodes, forest.tables
    first_set = np.cumsum(tables.set_count) - tables.set_count
    first_word = np.cumsum(tables.set_words) - tables.set_words
    known: dict[int, list[int]] = {}
    found = {}
    for node, decision in enumerate(nodes.decision.tolist()):
        if forest.decisions[decision].test == "in":
            column = int(nodes.column[node])
            number = int(first_set[column] + nodes.rank[node])
            if number not in known:
                words = tables.set[first_word[number] : first_word[number] + tables.set_words[number]]
                bits = np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little")
                known[number] = np.flatnonzero(bits[: _codes(forest.columns[column])]).tolist()
            found[node] = known[number]
    return found


def _codes(column: Column) -> int | None:
    return None if column.categories is None else len(column.categories)


def columns(forest: Forest, invalid: str) -> list[dict[str, Any]]:
    """The columns for java/jpmml's class Columns; `invalid` is PMML's word for what becomes of unseen categories."""
    codes: dict[int, int] = {}
    for node, members in _members(forest).items():
        place = int(forest.nodes.column[node])
        codes[place] = max([codes.get(place, 0), *(code + 1 for code in members)])
    number = "float" if forest.read == "float32" else "double"
    found: list[dict[str, Any]] = []
    for place, column in enumerate(forest.columns):
        values = column.categories if column.categories is not None else range(codes.get(place, 0))
        if column.type == "categorical" and (column.categories is not None or place in codes):
            kind = _kind(values, "double")
            found.append({"name": column.name, "type": kind, "values": list(values), "invalid": invalid})
        else:
            found.append({"name": column.name, "type": number})
    return found


def told(forest: Forest, target: str) -> dict[str, Any]:
    """What java/jpmml's classes Columns and Ensemble are told beside the columns."""
    single, labels = forest.sum == "float32", list(forest.labels)
    several = not labels and forest.outputs > 1
    return {
        "targets": [f"{target}{place + 1}" for place in range(forest.outputs)] if several else [target],
        **({"label": {"type": _label_type(labels), "values": labels}} if labels else {}),
        "sum": "float" if single else "double",
        "tree_output": tree_output(forest),
        "base": forest.base.tolist(),
        "divisor": forest.divisor,
        "link": {"name": forest.link.name, "scale": forest.link.scale},
    }


def _label_type(labels: list[Any]) -> str:
    return "double" if {type(label) for label in labels} == {int, float} else _kind(labels, "string")


def _kind(values: Sequence[Any], beyond: str) -> str:
    """PMML's data type of values; `beyond` for integers that are none of JPMML's."""
    kinds = {type(value) for value in values}
    kind = _TYPES[next(iter(kinds))] if len(kinds) == 1 else "string"
    return beyond if kind == "integer" and not all(value in _INTEGERS for value in values) else kind


def refusals(forest: Forest, target: str | None) -> Iterator[Refusal]:
    """What of a forest JPMML's documents cannot hold."""
    native = "the route through forest has it: --via forest makes a jar"
    if forest.linear is not None and forest.linear.tree.any():
        yield Refusal(
            "linear-trees", "JPMML's evaluator has no rule for missing values in linear leaves", "linear_tree", native
        )
    if forest.link.name == "sigmoid" and len(forest.labels) > 1 and forest.outputs > 1:
        message = "one-vs-all probabilities do not add up to 1, as PMML's do"
        yield Refusal("one-vs-all", message, "objective", native)
    yield from naming.refusals(forest.columns, target)
    if not _writable(forest):
        yield Refusal("infinite-threshold", "PMML cannot write a threshold that is infinite", "thresholds", native)
    for column in forest.columns:
        yield from _category_refusals(column)
    if any(isinstance(label, str) and naming.UNWRITABLE & set(label) for label in forest.labels):
        yield Refusal("unwritable-label", "XML cannot write a label of the model", "labels", fix="rename the class")


def _writable(forest: Forest) -> bool:
    """Whether PMML can write every threshold: LightGBM's infinity, which tells apart what is missing, is no other."""
    import numpy as np

    threshold = forest.tables.threshold.astype(forest.read)
    if forest.read == "float32":
        threshold = np.nextafter(threshold, np.float32(np.inf))
        return bool(np.isfinite(threshold).all())
    return not np.isneginf(threshold).any()


def _category_refusals(column: Column) -> Iterator[Refusal]:
    categories, where = column.categories or (), for_terminal(column.name)
    if len({type(value) for value in categories}) > 1:
        message = f"the categories of {where} are of several types"
        yield Refusal("mixed-categories", message, where, fix="train on categories of one type")
    if any(isinstance(value, int) and abs(value) >= 2**53 for value in categories):
        message = f"a category of {where} is beyond 2**53, where numbers of PMML are no longer whole"
        yield Refusal("unwritable-category", message, where, fix="train on categories of text")
    if any(isinstance(value, str) and naming.UNWRITABLE & set(value) for value in categories):
        message = f"XML cannot write a category of {where}"
        yield Refusal("unwritable-category", message, where, fix="rename the category")

"""Scoring in numpy: the readable reference of `docs/forest.md`, with the exact bits of every margin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlconvert_plugins.trees.model import Forest, Linear, Link, label_array
from mlconvert_plugins.trees.topology import children, pair_labels, per_tree

if TYPE_CHECKING:
    import numpy as np

# Rows times trees that are walked together: some 20 MB of indices.
_BLOCK = 2**19


def read_rows(forest: Forest, x: np.ndarray) -> np.ndarray:
    """The values that the trees see, float64[n, columns]."""
    import numpy as np

    values = np.array(x, dtype=np.float64)
    if forest.read == "float32":
        with np.errstate(over="ignore"):
            values = values.astype(np.float32).astype(np.float64)
    if forest.zero > 0:
        values[np.abs(values) <= forest.zero] = 0.0
    return values


class Scorer:
    """A forest made ready for walking."""

    def __init__(self, forest: Forest) -> None:
        import numpy as np

        self.forest = forest
        nodes, tables = forest.nodes, forest.tables
        self.children = children(forest.tree_leaves, nodes.split_leaf)
        self.first_leaf = np.cumsum(forest.tree_leaves) - forest.tree_leaves
        first_node = self.first_leaf - np.arange(forest.trees)
        self.roots = np.where(forest.tree_leaves > 1, first_node, ~self.first_leaf)
        self.member = np.array([one.test == "in" for one in forest.decisions], dtype=bool)
        self.threshold = _looked_up(tables.threshold, tables.threshold_count, nodes.column, nodes.rank)
        self.set_start, self.set_words = _sets(forest)

    def leaves(self, x: np.ndarray) -> np.ndarray:
        """The leaf that each row reaches in each tree, numbered within the tree: int64[n, trees]."""
        import numpy as np

        values = read_rows(self.forest, x)
        block = max(1, _BLOCK // max(1, self.forest.trees))
        parts = [self._walk(values[start : start + block]) for start in range(0, len(values), block)]
        return np.concatenate(parts) if parts else np.zeros((0, self.forest.trees), dtype=np.int64)

    def numbered(self, leaves: np.ndarray) -> np.ndarray:
        """What `leaves` has answered, by the source library's own numbers."""
        import numpy as np

        if self.forest.labelling == "split":
            return leaves
        label = self.forest.leaf_label
        if label is None:
            trees = per_tree(self.forest.tree_leaves, self.forest.nodes.split_leaf)
            label = np.array([number for split, _ in trees for number in pair_labels(split)], dtype=np.int64)
        found: np.ndarray = label[leaves + self.first_leaf]
        return found

    def _walk(self, values: np.ndarray) -> np.ndarray:
        import numpy as np

        place = np.tile(self.roots, len(values))
        row = np.repeat(np.arange(len(values)), self.forest.trees)
        under_way = np.flatnonzero(place >= 0)
        while len(under_way):
            node = place[under_way]
            left = self._goes_left(node, values[row[under_way], self.forest.nodes.column[node]])
            place[under_way] = self.children[node, np.where(left, 0, 1)]
            under_way = under_way[place[under_way] >= 0]
        leaves: np.ndarray = ~place.reshape(len(values), self.forest.trees) - self.first_leaf
        return leaves

    def _goes_left(self, node: np.ndarray, value: np.ndarray) -> np.ndarray:
        """Which of these nodes send the value beside them to the left."""
        import numpy as np

        left = np.zeros(len(node), dtype=bool)
        which = self.forest.nodes.decision[node]
        for number, decision in enumerate(self.forest.decisions):
            here = which == number
            if not here.any():
                continue
            own, at = value[here], node[here]
            if decision.test == "in":
                member = self._is_member(at, np.floor(own) if decision.codes == "floor" else np.trunc(own))
                goes = member == (decision.members == "left")
                missing = np.isnan(own)
            else:
                goes = np.where(np.isnan(own), 0.0, own) <= self.threshold[at]
                missing = np.isnan(own) & (decision.missing != "none")
                if decision.missing == "zero":
                    missing |= own == 0
            left[here] = np.where(missing, decision.default == "left", goes)
        return left

    def _is_member(self, node: np.ndarray, category: np.ndarray) -> np.ndarray:
        import numpy as np

        known = (category >= 0) & (category < 32.0 * self.set_words[node])
        code = np.where(known, category, 0).astype(np.int64)
        member = np.zeros(len(node), dtype=bool)
        word = self.forest.tables.set[self.set_start[node[known]] + code[known] // 32]
        member[known] = (word >> (code[known] % 32).astype(np.uint32)) & 1 == 1
        return member

    def margins(self, x: np.ndarray, leaves: np.ndarray | None = None) -> np.ndarray:
        """The sums in tree order, of type `sum`: [n, outputs]. `leaves` are those of the same rows, if known."""
        import numpy as np

        forest = self.forest
        leaves = self.leaves(x) if leaves is None else leaves
        base = forest.base.astype(forest.sum)
        total = np.tile(base if forest.base_at == "start" else np.zeros_like(base), (len(x), 1))
        values = forest.leaf_value.astype(forest.sum)
        lines = _Lines(forest, forest.linear, read_rows(forest, x)) if forest.linear is not None else None
        # Linear leaves of infinite rows, and sums beyond float32, are infinite or NaN: so are the source's.
        with np.errstate(invalid="ignore", over="ignore"):
            for tree, first in enumerate(self.first_leaf):
                own = values[first + leaves[:, tree]]
                if lines is not None and lines.linear.tree[tree]:
                    own = lines.values(tree, leaves[:, tree], own)
                if forest.width > 1:
                    total += own
                else:
                    total[:, forest.tree_output[tree]] += own[:, 0]
            return total + base if forest.base_at == "end" else total

    def run(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Every output of the signature by name, for x float64[n, columns]."""
        margin = self.margins(x)
        outputs = linked(self.forest, margin)
        if not self.forest.labels:
            return {"margin": margin, "prediction": outputs}
        probability = _both(outputs) if outputs.shape[1] == 1 else outputs
        return {
            "margin": margin,
            "probability": probability,
            "label": label_array(self.forest.labels)[self._chosen(averaged(self.forest, margin), probability)],
        }

    def _chosen(self, margin: np.ndarray, probability: np.ndarray) -> np.ndarray:
        """The place of each row's label, by the forest's rule; `margin` is averaged."""
        import numpy as np

        if self.forest.label == "probability":
            return np.asarray(probability.argmax(axis=1))
        if self.forest.outputs > 1:
            return np.asarray(margin.argmax(axis=1))
        above = margin >= 0 if self.forest.label == "margin or zero" else margin > 0
        return above[:, 0].astype(np.int64)


def _looked_up(table: np.ndarray, count: np.ndarray, column: np.ndarray, rank: np.ndarray) -> np.ndarray:
    """The entry of each node's column and rank; NaN where there is none, as for a node that tests membership."""
    import numpy as np

    place = (np.cumsum(count) - count)[column] + rank
    return np.append(table, np.nan)[np.where(rank < count[column], place, len(table))]


def _sets(forest: Forest) -> tuple[np.ndarray, np.ndarray]:
    """Where each node's set begins, and its number of words; 0 words for a node that compares."""
    import numpy as np

    nodes, tables = forest.nodes, forest.tables
    place = (np.cumsum(tables.set_count) - tables.set_count)[nodes.column] + nodes.rank
    place = np.where(nodes.rank < tables.set_count[nodes.column], place, len(tables.set_words))
    start = np.append(np.cumsum(tables.set_words) - tables.set_words, 0)
    return start[place], np.append(tables.set_words, 0)[place]


class _Lines:
    """The linear leaves of a forest, for the rows at hand."""

    def __init__(self, forest: Forest, linear: Linear, rows: np.ndarray) -> None:
        import numpy as np

        leaves = np.where(linear.tree, forest.tree_leaves, 0)
        self.linear = linear
        self.rows = rows
        self.first_leaf = np.cumsum(leaves) - leaves
        self.first_term = np.cumsum(linear.terms) - linear.terms

    def values(self, tree: int, leaves: np.ndarray, plain: np.ndarray) -> np.ndarray:
        """The tree's values, float64[n, 1]; `plain` are those of leaves whose terms meet a NaN."""
        import numpy as np

        leaf = self.first_leaf[tree] + leaves
        value = self.linear.constant[leaf]
        missing = np.zeros(len(leaf), dtype=bool)
        terms = self.linear.terms[leaf]
        for number in range(int(terms.max(initial=0))):
            has = np.flatnonzero(terms > number)
            term = self.first_term[leaf[has]] + number
            x = self.rows[has, self.linear.column[term]]
            value[has] += self.linear.weight[term] * x
            missing[has] |= np.isnan(x)
        return np.where(missing, plain[:, 0], value)[:, None]


def averaged(forest: Forest, margin: np.ndarray) -> np.ndarray:
    """Margins by the divisor, of the same type."""
    return margin if forest.divisor == 1 else margin / margin.dtype.type(forest.divisor)


def linked(forest: Forest, margin: np.ndarray) -> np.ndarray:
    """The outputs of margins [n, outputs], of the same type."""
    import numpy as np

    with np.errstate(over="ignore", invalid="ignore"):
        return _linked(forest.link, averaged(forest, margin))


def _linked(link: Link, margin: np.ndarray) -> np.ndarray:
    import numpy as np

    one = margin.dtype.type(1)
    if link.name == "sigmoid":
        return np.asarray(one / (one + np.exp(-margin.dtype.type(link.scale) * margin)))
    if link.name == "softmax":
        return _softmax(margin if link.scale == 1 else margin.dtype.type(link.scale) * margin)
    if link.name == "exp":
        return np.asarray(np.exp(margin))
    if link.name == "softplus":
        return np.asarray(np.log1p(np.exp(margin)))
    if link.name == "step":
        return (margin > 0).astype(margin.dtype)
    if link.name == "square":
        return np.asarray(np.sign(margin) * margin * margin)
    if link.name == "isolation":
        return np.asarray(-(margin.dtype.type(2) ** -margin) - margin.dtype.type(link.offset))
    return margin


def _softmax(margin: np.ndarray) -> np.ndarray:
    import numpy as np

    powers = np.exp(margin - margin.max(axis=1, keepdims=True))
    total = np.zeros(len(margin))
    for column in powers.T:
        total += column
    return np.asarray(powers / total.astype(margin.dtype)[:, None])


def _both(positive: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.concatenate([positive.dtype.type(1) - positive, positive], axis=1)

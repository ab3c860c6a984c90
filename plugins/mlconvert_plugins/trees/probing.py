"""Rows that test a forest where it decides: at every threshold and around it, then into every leaf.

The first rows hold each column's thresholds, their neighbours and what is special about floats. Later rows are made
for the leaves that no row has reached so far, from the decisions on their paths, until all are reached or proven dead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlconvert.probes import Probe
from mlconvert_plugins.trees.model import LIGHTGBM_ZERO, Forest
from mlconvert_plugins.trees.paths import DeadError, Paths
from mlconvert_plugins.trees.score import Scorer

if TYPE_CHECKING:
    import numpy as np

# Rows of one probe, and of all together: past it the leaves that are left are reported, not reached.
ROWS = 512
MOST_ROWS = 2**16
_SPECIAL = (
    float("nan"), 0.0, -0.0, float("inf"), float("-inf"), LIGHTGBM_ZERO, -LIGHTGBM_ZERO, 1e-38, 5e-324, -5e-324,
    1.0, -1.0, 1e300, -1e300, 0.5, -0.5, 2.0**31, -(2.0**31), 2.0**24 + 1,
)  # fmt: skip


@dataclass
class Coverage:
    """How many leaves there are, which were reached, and how many no row can reach."""

    reached: np.ndarray
    dead: np.ndarray

    def facts(self) -> dict[str, str]:
        """The coverage in words."""
        leaves, reached, dead = len(self.reached), int(self.reached.sum()), int(self.dead.sum())
        left = leaves - reached - dead
        words = f"{reached} of {leaves} reached"
        if dead:
            words += f", {dead} proven dead"
        if left:
            words += f", {left} not reached"
        return {"leaves": words}


def probes(
    forest: Forest, seed: int, most: int = MOST_ROWS, fitted: Callable[[np.ndarray], np.ndarray] | None = None
) -> Iterator[Probe]:
    """Probes of at most `ROWS` rows, `most` in all; the facts of each say what has been reached so far.

    `fitted` makes rows that the forest's source takes of any.
    """
    import numpy as np

    scorer = Scorer(forest)
    leaves = len(forest.leaf_value)
    coverage = Coverage(np.zeros(leaves, dtype=bool), np.zeros(leaves, dtype=bool))
    generator = np.random.default_rng(seed)
    pools = [_pool(forest, column) for column in range(len(forest.columns))]
    made = 0
    for label, drawn in _rows(scorer, pools, coverage, generator):
        rows = drawn if fitted is None else fitted(drawn)
        reached = scorer.leaves(rows) + scorer.first_leaf
        coverage.reached[reached.ravel()] = True
        made += len(rows)
        yield Probe(label, {"n": len(rows)}, {"x": rows}, coverage.facts())
        if made >= most:
            return


def few(forest: Forest, count: int, seed: int) -> np.ndarray:
    """A few rows, float64[count, columns]: thresholds and their neighbours, in every other row what is special, too."""
    import numpy as np

    generator = np.random.default_rng(seed)
    pools = [_pool(forest, column) for column in range(len(forest.columns))]
    special = [pool[np.isin(pool, _SPECIAL) | np.isnan(pool)] for pool in pools]
    rows, other = _drawn(pools, count, generator), _drawn(special, count, generator)
    rows[1::2] = np.where(generator.random(rows[1::2].shape) < 0.5, rows[1::2], other[1::2])
    return rows


def _rows(
    scorer: Scorer, pools: list[np.ndarray], coverage: Coverage, generator: np.random.Generator
) -> Iterator[tuple[str, np.ndarray]]:
    yield "one row", _drawn(pools, 1, generator)
    for rows in _through(pools, generator):
        yield "thresholds", rows
    paths = Paths(scorer)
    aimed = ROWS
    while aimed == ROWS:
        # As many rows as before, also where fewer leaves are left: answers of one size can be held against each other.
        rows = _drawn(pools, ROWS, generator)
        aimed = _aim(rows, paths, coverage, generator)
        yield "leaves", rows


def _pool(forest: Forest, column: int) -> np.ndarray:
    """What a column is tried with."""
    import numpy as np

    tables = forest.tables
    first = int(tables.threshold_count[:column].sum())
    threshold = tables.threshold[first : first + int(tables.threshold_count[column])]
    with np.errstate(over="ignore"):
        narrow = threshold.astype(np.float32)
    near = [threshold, np.nextafter(threshold, -np.inf), np.nextafter(threshold, np.inf), narrow.astype(np.float64)]
    if forest.read == "float32":
        with np.errstate(invalid="ignore", over="ignore"):  # a threshold may be infinite
            below, above = (np.nextafter(narrow, np.float32(end)).astype(np.float64) for end in (-np.inf, np.inf))
            near += [below, above]
            near += [threshold + (above - threshold) / 2, threshold - (threshold - below) / 2]
    special = np.array(_SPECIAL)
    small = np.concatenate([np.nextafter(special, -np.inf), special, np.nextafter(special, np.inf)])
    values = _distinct(np.concatenate([*near, small, _codes(forest, column)]))
    if forest.columns[column].missing == "refused":
        values = values[~np.isnan(values)]
    # Libraries that read float32 refuse what is infinite in it.
    return values if forest.read == "float64" else values[~(np.abs(values) > np.finfo(np.float32).max)]


def _distinct(values: np.ndarray) -> np.ndarray:
    """Each value once, and both zeros. np.unique would load masked arrays first, which takes longer than a forest."""
    import numpy as np

    bits = np.sort(values.view(np.int64))
    new = np.ones(len(bits), dtype=bool)
    new[1:] = bits[1:] != bits[:-1]
    return bits[new].view(np.float64)


def _codes(forest: Forest, column: int) -> np.ndarray:
    """A categorical column's codes, some beyond them, and fractions of them."""
    import numpy as np

    tables = forest.tables
    first = int(tables.set_count[:column].sum())
    words = tables.set_words[first : first + int(tables.set_count[column])]
    if not len(words):
        return np.zeros(0)
    limit = min(32 * int(words.max()), 4096)
    codes = np.arange(limit + 33, dtype=np.float64)
    return np.concatenate([codes, codes[:64] + 0.5, -codes[:3]])


def _through(pools: list[np.ndarray], generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Rows in which every value of every column appears, up to what an eighth of all rows can hold."""
    import numpy as np

    longest = min(max(len(pool) for pool in pools), MOST_ROWS // 8)
    count = max(2, -(-longest // ROWS)) * ROWS
    columns = [np.resize(generator.permutation(pool), count) for pool in pools]
    for start in range(0, count, ROWS):
        yield np.stack([column[start : start + ROWS] for column in columns], axis=1)


def _drawn(pools: list[np.ndarray], rows: int, generator: np.random.Generator) -> np.ndarray:
    import numpy as np

    return np.stack([generator.choice(pool, rows) for pool in pools], axis=1)


def _aim(rows: np.ndarray, paths: Paths, coverage: Coverage, generator: np.random.Generator) -> int:
    """Change rows so that each reaches a leaf that none has reached; the number of rows changed."""
    import numpy as np

    used = 0
    for leaf in generator.permutation(np.flatnonzero(~coverage.reached & ~coverage.dead)).tolist():
        try:
            values = paths.values(leaf)
        except DeadError:
            coverage.dead[leaf] = True
            continue
        for column, choices in values.items():
            rows[used, column] = choices[int(generator.integers(len(choices)))]
        used += 1
        if used == len(rows):
            break
    return used

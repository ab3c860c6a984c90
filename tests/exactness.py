"""Holding a forest against what it was made from: bit for bit, on rows that reach every leaf."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mlconvert.compare import difference
from mlconvert.stage import Tolerance
from mlconvert_plugins.trees import layout, probing
from mlconvert_plugins.trees.model import Forest
from mlconvert_plugins.trees.score import Scorer
from mlconvert_plugins.trees.tolerance import LINKED

Answers = Callable[[np.ndarray], Mapping[str, np.ndarray]]

_EDGES = (
    float("nan"), 0.0, -0.0, float("inf"), float("-inf"), 5e-324, -5e-324, 1e-45, 1e-40, 1.1754943508222875e-38,
    1e-35, -1e-35, -1.0, -0.5, 2.0**24, 2.0**31, -(2.0**31), 3e38, 1e300,
)  # fmt: skip


@dataclass
class Comparison:
    """What a forest was held against, and on how much. `excess` is the largest distance, as a share of the allowed."""

    rows: int = 0
    drawn: int = 0
    leaves: int = 0
    reached: int = 0
    dead: int = 0
    excess: float = 0.0


def compare(
    forest: Forest, answers: Answers, tolerance: Tolerance = LINKED, seed: int = 0, other: Answers | None = None
) -> Comparison:
    """Assert that a forest, written and read again, gives the answers of its source on all its probes.

    `answers` gives the source's outputs for rows: `margin`, `leaves` where it knows them, and the others. `other` is a
    second scorer of the forest, held to the same.
    """
    scorers = [numpy_of(forest), *([other] if other else [])]
    found = Comparison(leaves=len(forest.leaf_value))
    facts = ""
    for probe in probing.probes(forest, seed):
        found.rows += len(probe.inputs["x"])
        _hold(probe.inputs["x"], answers, scorers, tolerance, found)
        facts = probe.facts["leaves"]
    assert "not reached" not in facts, facts
    found.reached = int(facts.split()[0])
    found.dead = found.leaves - found.reached
    return found


def compare_drawn(
    forest: Forest,
    answers: Answers,
    tolerance: Tolerance = LINKED,
    examples: int = 100,
    other: Answers | None = None,
) -> Comparison:
    """Assert the same on rows that hypothesis draws."""
    scorers = [numpy_of(forest), *([other] if other else [])]
    found = Comparison(leaves=len(forest.leaf_value))

    @settings(max_examples=examples, database=None, phases=(Phase.generate, Phase.shrink))
    @given(rows(forest))
    def hold(x: np.ndarray) -> None:
        found.drawn += len(x)
        _hold(x, answers, scorers, tolerance, found)

    hold()
    return found


def _hold(x: np.ndarray, answers: Answers, scorers: list[Answers], tolerance: Tolerance, found: Comparison) -> None:
    expected = answers(x)
    for scorer in scorers:
        got = scorer(x)
        for name, value in expected.items():
            apart = difference(name, value, got[name], tolerance)
            assert apart.passed, (name, apart, x[_wrong(value, got[name])][:3])
            found.excess = max(found.excess, apart.excess)


def rows(forest: Forest) -> st.SearchStrategy[np.ndarray]:
    """Rows of thresholds, next to them and rounded to float32, of codes, of special floats, of anything."""
    with np.errstate(over="ignore"):
        narrow = forest.tables.threshold.astype(np.float32)
        beside = [np.nextafter(narrow, np.float32(end)).astype(float) for end in (-np.inf, np.inf)]
    pool = np.unique(np.concatenate([_EDGES, forest.tables.threshold, narrow.astype(float), *beside]))
    if forest.read == "float32":  # such libraries take no infinity
        pool = pool[~(np.abs(pool) > np.finfo(np.float32).max)]
        anything = st.floats(width=32, allow_infinity=False)
    else:
        anything = st.floats()
    values = st.sampled_from(pool.tolist()) | anything | st.integers(-2, 100).map(float)
    if any(column.missing == "refused" for column in forest.columns):
        values = values.filter(lambda value: value == value)
    row = st.lists(values, min_size=len(forest.columns), max_size=len(forest.columns))
    return st.lists(row, min_size=1, max_size=8).map(np.array)


def numpy_of(forest: Forest) -> Answers:
    """The reference, of the forest as its file holds it."""
    scorer = Scorer(layout.unpack(layout.pack(forest)))
    return lambda x: {**scorer.run(x), "leaves": scorer.numbered(scorer.leaves(x))}


def both(output: np.ndarray) -> np.ndarray:
    """The probabilities of both classes, where the library gives the second one's alone."""
    return np.hstack([1 - output, output]) if output.shape[1] == 1 else output


def _wrong(expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    apart = expected != got
    return apart if apart.ndim == 1 else apart.any(axis=1)

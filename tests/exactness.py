"""Holding a forest against what it was made from: bit for bit, on rows that reach every leaf."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mlconvert.compare import difference
from mlconvert.stage import Tolerance
from mlconvert_plugins.trees import layout, probing
from mlconvert_plugins.trees.model import Forest
from mlconvert_plugins.trees.score import Scorer
from mlconvert_plugins.trees.tolerance import LINKED

Answers = Callable[[np.ndarray], Mapping[str, np.ndarray]]


@dataclass
class Comparison:
    """What a forest was held against, and on how much."""

    rows: int = 0
    leaves: int = 0
    reached: int = 0
    dead: int = 0


def compare(forest: Forest, answers: Answers, tolerance: Tolerance = LINKED, seed: int = 0) -> Comparison:
    """Assert that a forest, written and read again, gives the answers of its source on all its probes.

    `answers` gives the source's outputs for rows: `margin`, `leaves` where it knows them, and the others.
    """
    scorer = Scorer(layout.unpack(layout.pack(forest)))
    found = Comparison(leaves=len(forest.leaf_value))
    facts = ""
    for probe in probing.probes(forest, seed):
        x = probe.inputs["x"]
        expected, got = answers(x), {**scorer.run(x), "leaves": scorer.numbered(scorer.leaves(x))}
        for name, value in expected.items():
            apart = difference(name, value, got[name], tolerance)
            assert apart.passed, (name, apart, x[_wrong(value, got[name])][:3])
        found.rows += len(x)
        facts = probe.facts["leaves"]
    assert "not reached" not in facts, facts
    found.reached = int(facts.split()[0])
    found.dead = found.leaves - found.reached
    return found


def _wrong(expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    apart = expected != got
    return apart if apart.ndim == 1 else apart.any(axis=1)

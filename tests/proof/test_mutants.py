"""Damaged models are refused, or are what their library takes them for: some always, 10,000 in `make proof`."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import answering
import mutation
import numpy as np
import pytest
from journal import REPOSITORY, Journal, page
from mutation import FAMILIES, damaged, originals

import mutants
from mlconvert.compare import difference
from mlconvert.errors import ConversionError
from mlconvert.worker import Worker
from mlconvert_plugins.trees.tolerance import LINKED, LINKED_FLOAT32

BATCH = 250
TABLE = REPOSITORY / "docs" / "proof" / "mutants.md"
PACKAGES = ("lightgbm", "xgboost", "scikit-learn", "skops", "numpy")
BATCHES = [(family, seed) for family, count in FAMILIES.items() for seed in range(count // BATCH)]
FORMATS = {"LightGBM": "lightgbm", "XGBoost": "xgboost", "scikit-learn": "sklearn", "forest": "forest"}
TEXT = """
Sound files of small models, damaged: cut, with bits flipped or bytes overwritten, with lines or fields dropped, doubled
or swapped, with numbers swapped or out of range. What has a checksum is damaged behind it, archives member by member.
Whatever is read becomes a forest, and the library answers the same rows from the same damaged file (for a forest: the
jar that it becomes, in a JVM). Both run in processes with limits of memory and time.

- **refused**: one ConversionError, here by its codes. `worker-died`: a pickle ended the process that loads it.
- **exact**: the library's own bits in every margin, and its other outputs within what is declared.
- **library refuses**: we read it, the library does not, or it ends its process.

No mutant gave another answer than its library, and none outlasted the limits while it was read here. What LightGBM
alone refuses are parameters of the training, which no answer depends on; what scikit-learn alone refuses, or ends or
hangs over, are attributes of a pickle that only its `predict` asks for.
"""
HEADER = ("family", "mutants", "refused", "by code", "exact", "library refuses")


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal("mutants", mutants, mutation, answering, packages=PACKAGES)


@dataclass(frozen=True)
class Workers:
    """Two, since a library that has scored a damaged model may leave a damaged process behind."""

    ours: Worker
    theirs: Worker


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    here = Path(__file__).resolve().parent
    path, limits = [*sys.path, str(here), str(here.parent)], {"memory": 3 * 2**30, "seconds": 60}
    with Worker(path=path, **limits) as ours, Worker(path=path, **limits) as theirs:
        yield Workers(ours, theirs)


def judge(family: str, seed: int, count: int, folder: Path, workers: Workers) -> dict[str, int]:
    """What became of `count` mutants, by name. Raises what no user should see, AssertionError for a wrong answer."""
    sound = originals(family)
    parts = [
        damaged(family, content, -(-count // len(sound)), seed * len(sound) + number)
        for number, content in enumerate(sound)
    ]
    found: Counter[str] = Counter()
    for mutant in itertools.islice(itertools.chain(*parts), count):
        found[_fate(family, mutant, folder, workers)] += 1
    return dict(found)


def _fate(family: str, mutant: bytes, folder: Path, workers: Workers) -> str:
    given = {"format": FORMATS[family.split()[0]], "path": folder / "mutant", "made": folder / "made.forest"}
    given["path"].write_bytes(mutant)
    try:
        got = workers.ours.call("answering:ours", **given)
    except ConversionError as refusal:
        # Only a pickle may end its process; nothing may need more time or memory than there is.
        assert refusal.code not in ("timeout", "out-of-memory"), refusal
        assert refusal.code != "worker-died" or family.endswith("joblib"), refusal
        return f"refused: {refusal.code}"
    try:
        expected = workers.theirs.call("answering:theirs", **given)
    except ConversionError as refusal:
        return f"library: {refusal.code}"
    _hold(expected, got)
    return "exact"


def _hold(expected: dict[str, Any], got: dict[str, Any]) -> None:
    for name, value in expected.items():
        tolerance = LINKED_FLOAT32 if np.asarray(value).dtype == np.float32 else LINKED
        apart = difference(name, value, got[name], tolerance)
        assert apart.passed, apart


@pytest.mark.parametrize("family", FAMILIES)
def test_sample(family: str, folder: Path, workers: Workers) -> None:
    found = judge(family, 1000, 36, folder, workers)
    assert sum(count for fate, count in found.items() if fate.startswith("refused")) > 5
    assert found["exact"] > 0


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("family", "seed"), BATCHES, ids=str)
def test_every_mutant_is_refused_or_exact(
    family: str, seed: int, journal: Journal, folder: Path, workers: Workers
) -> None:
    row = journal.row(f"{family} {seed}", lambda: judge(family, seed, BATCH, folder, workers))
    assert sum(row.values()) == BATCH


@pytest.mark.proof
def test_write_the_table(journal: Journal) -> None:
    lines = [_line(family, journal) for family in FAMILIES]
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(page("Mutants", TEXT, HEADER, lines, PACKAGES), encoding="utf-8")
    assert sum(FAMILIES.values()) == 10_000


def _line(family: str, journal: Journal) -> list[str]:
    total: Counter[str] = Counter()
    for one, seed in BATCHES:
        if one == family:
            total.update(journal.rows[f"{family} {seed}"])
    refused, library = (
        {fate.removeprefix(f"{who}: "): count for fate, count in total.items() if fate.startswith(who)}
        for who in ("refused", "library")
    )
    counts = (sum(total.values()), sum(refused.values()), _listed(refused), total["exact"], _listed(library))
    return [family, *map(str, counts)]


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"

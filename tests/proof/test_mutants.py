"""Damaged models are refused, or are what their library takes them for: some always, 10,000 in `make proof`."""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterator
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

No mutant gave another answer than its library, and none outlasted the limits.
"""
HEADER = ("family", "mutants", "refused", "by code", "exact", "library refuses")


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal("mutants", mutants, mutation, answering, packages=PACKAGES)


@pytest.fixture(scope="module")
def asked() -> Iterator[Worker]:
    here = Path(__file__).resolve().parent
    with Worker(path=[*sys.path, str(here), str(here.parent)], memory=3 * 2**30, seconds=60) as worker:
        yield worker


def judge(family: str, seed: int, count: int, folder: Path, worker: Worker) -> dict[str, int]:
    """What became of `count` mutants, by name. Raises what no user should see, AssertionError for a wrong answer."""
    sound = originals(family)
    parts = [
        damaged(family, content, -(-count // len(sound)), seed * len(sound) + number)
        for number, content in enumerate(sound)
    ]
    found: Counter[str] = Counter()
    for mutant in itertools.islice(itertools.chain(*parts), count):
        found[_fate(family, mutant, folder, worker)] += 1
    return dict(found)


def _fate(family: str, mutant: bytes, folder: Path, worker: Worker) -> str:
    given = {"format": FORMATS[family.split()[0]], "path": folder / "mutant", "made": folder / "made.forest"}
    given["path"].write_bytes(mutant)
    try:
        got = worker.call("answering:ours", **given)
    except ConversionError as refusal:
        # Only a pickle may end its process; nothing may need more time or memory than there is.
        assert refusal.code not in ("timeout", "out-of-memory"), refusal
        assert refusal.code != "worker-died" or family.endswith("joblib"), refusal
        return f"refused: {refusal.code}"
    try:
        expected = worker.call("answering:theirs", **given)
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
def test_sample(family: str, folder: Path, asked: Worker) -> None:
    found = judge(family, 1000, 36, folder, asked)
    assert sum(count for fate, count in found.items() if fate.startswith("refused")) > 5
    assert found["exact"] > 0


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("family", "seed"), BATCHES, ids=str)
def test_every_mutant_is_refused_or_exact(
    family: str, seed: int, journal: Journal, folder: Path, asked: Worker
) -> None:
    row = journal.row(f"{family} {seed}", lambda: judge(family, seed, BATCH, folder, asked))
    assert sum(row.values()) == BATCH


@pytest.mark.proof
def test_write_the_table(journal: Journal) -> None:
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(page("Mutants", TEXT, HEADER, map(line, FAMILIES), PACKAGES) if (line := _line(journal)) else "")
    assert sum(FAMILIES.values()) == 10_000


def _line(journal: Journal) -> Any:
    def line(family: str) -> list[str]:
        total: Counter[str] = Counter()
        for one, seed in BATCHES:
            if one == family:
                total.update(journal.rows[f"{family} {seed}"])
        refused = {fate.removeprefix("refused: "): count for fate, count in total.items() if fate.startswith("refused")}
        library = {fate.removeprefix("library: "): count for fate, count in total.items() if fate.startswith("library")}
        return [family, str(sum(total.values())), str(sum(refused.values())), listed(refused), str(total["exact"]),
                listed(library)]  # fmt: skip

    def listed(counts: dict[str, int]) -> str:
        return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"

    return line

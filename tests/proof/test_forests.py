"""Every model of three matrices, exact in numpy and in a JVM or refused by name: a few always, all in `make proof`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import forests
import pytest
from forests import MATRICES, Row, prove
from journal import REPOSITORY, Journal, page

import exactness
from mlconvert.worker import Worker

TABLE = REPOSITORY / "docs" / "proof" / "forests.md"
PACKAGES = ("lightgbm", "xgboost", "scikit-learn", "numpy")
CASES = [(family, case) for family, models in MATRICES.items() for case in (*models.sample(1), *models.refused())]
SAMPLE = [(family, case) for family, models in MATRICES.items() for case in models.sample(400)]
TEXT = """
Every model is trained on some hundred rows ([tests/lightgbm_models.py](../../tests/lightgbm_models.py) and its
neighbours are the matrices), saved, and made a jar by `mlconvert.convert(path, to="jar")`. Its library, the forest
scored by numpy, and the jar in a JVM answer the same rows. A model is *exact* when both give the library's own bits for
every margin, the library's own leaf for every tree where the library tells it, its labels, and its probabilities and
predictions within what is declared for the link; else it is refused, by the code that stands here.

- **rows**: thresholds, their neighbours, what is special about floats, then rows into every leaf.
- **drawn**: rows that hypothesis draws: NaN, both zeros, infinities, denormals, thresholds rounded to float32, negative
  and unseen categories.
- **leaves**: all of them were reached, or proven dead (no row can reach them).
- **of the ULPs**: the largest distance behind a link, as a share of the ULPs that are declared for it.
"""
HEADER = ("library", "models", "exact", "refused", "trees", "leaves", "reached", "dead", "rows", "drawn", "of the ULPs")


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal("forests", forests, exactness, *MATRICES.values(), packages=PACKAGES)


def ids(value: Any) -> str:
    return str(value)


@pytest.mark.parametrize(("family", "case"), SAMPLE, ids=ids)
def test_sample(family: str, case: Any, folder: Path, worker: Worker) -> None:
    row = prove(MATRICES[family], case, folder, worker)
    assert row.rows > 1000
    assert row.reached + row.dead == row.leaves


@pytest.mark.proof
@pytest.mark.parametrize(("family", "case"), CASES, ids=ids)
def test_every_model_is_exact_or_refused(
    family: str, case: Any, journal: Journal, folder: Path, worker: Worker
) -> None:
    row = Row(**journal.row(name_of(family, case), lambda: prove(MATRICES[family], case, folder, worker).as_json()))
    assert row.refused or row.reached + row.dead == row.leaves


@pytest.mark.proof
def test_write_the_table(journal: Journal) -> None:
    lines = list(_lines(journal))
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(page("Forests and jars", TEXT, HEADER, lines, PACKAGES), encoding="utf-8")
    assert len(CASES) > 500


def name_of(family: str, case: Any) -> str:
    """The case's name in the journal."""
    return f"{family}: {case}"


def _lines(journal: Journal) -> Iterator[list[str]]:
    for family in MATRICES:
        rows = [Row(**journal.rows[name_of(family, case)]) for one, case in CASES if one == family]
        exact = [row for row in rows if not row.refused]
        refused = Counter(row.refused for row in rows if row.refused)
        names = ", ".join(f"{count} {code}" for code, count in sorted(refused.items())) or "none"
        sums = [
            sum(getattr(row, key) for row in exact) for key in ("trees", "leaves", "reached", "dead", "rows", "drawn")
        ]
        share = max(row.excess for row in exact)
        yield [family, str(len(rows)), str(len(exact)), names, *map(str, sums), f"{share:.0%}"]

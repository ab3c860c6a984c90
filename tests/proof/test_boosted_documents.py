"""Every boosted model of two matrices as PMML by JPMML: as good as its library, or refused by name. In `make proof`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from journal import REPOSITORY, Journal, page

import boosted_documents
import lightgbm_models
import xgboost_models
from boosted_documents import Held, prove
from mlconvert.errors import ConversionError

TABLE = REPOSITORY / "docs" / "proof" / "boosted-documents.md"
PACKAGES = ("sklearn2pmml", "jpmml-evaluator", "lightgbm", "xgboost", "numpy")
MATRICES: dict[str, ModuleType] = {"LightGBM": lightgbm_models, "XGBoost": xgboost_models}
CASES = [(family, case) for family, models in MATRICES.items() for case in (*models.sample(1), *models.refused())]
# What the machine lacks is no refusal of a model.
FAILURES = (
    "no-jpmml",
    "no-java",
    "no-device",
    "no-runtime",
    "stale-runtime",
    "worker-died",
    "timeout",
    "jpmml-refused",
)
TEXT = """
Every model is trained on some hundred rows ([tests/lightgbm_models.py](../../tests/lightgbm_models.py) and its
neighbour are the matrices), saved, and written as PMML by `lightgbm2pmml` and `xgboost2pmml`. JPMML's evaluator, going
through the document as it is, and the library itself answer the same rows: thresholds, their neighbours, what is
special about floats, then rows into every leaf. A model is *held* when all probabilities and predictions are within
1e-12 of LightGBM's, or 2e-6 of XGBoost's, which computes in float32; else it is refused, by the code that stands here.

- **verified**: rows of the documents' own `ModelVerification`, which JPMML's evaluator scored right.
- **of the allowed**: the largest distance, as a share of what is allowed.
"""
HEADER = ("library", "models", "held", "refused", "trees", "leaves", "rows", "verified", "of the allowed")


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal("boosted-documents", boosted_documents, *MATRICES.values(), packages=PACKAGES)


def row_of(family: str, case: Any, folder: Path) -> Held:
    """The row of a case. Raises AssertionError where one answer is not the library's."""
    try:
        return prove(MATRICES[family], case, folder)
    except ConversionError as refusal:
        assert refusal.code not in FAILURES, refusal
        return Held(refused=refusal.code)


@pytest.mark.proof
@pytest.mark.parametrize(("family", "case"), CASES, ids=str)
def test_every_model_is_held_or_refused(family: str, case: Any, journal: Journal, folder: Path) -> None:
    row = Held(**journal.row(f"{family}: {case}", lambda: row_of(family, case, folder).as_json()))
    assert row.refused or row.verified > 0


@pytest.mark.proof
def test_write_the_table(journal: Journal) -> None:
    TABLE.parent.mkdir(exist_ok=True)
    text = page("Boosted models as PMML by JPMML", TEXT, HEADER, list(_lines(journal)), PACKAGES)
    TABLE.write_text(text, encoding="utf-8")


def _lines(journal: Journal) -> Iterator[list[str]]:
    for family in MATRICES:
        rows = [Held(**journal.rows[f"{family}: {case}"]) for one, case in CASES if one == family]
        held = [row for row in rows if not row.refused]
        refused = Counter(row.refused for row in rows if row.refused)
        names = ", ".join(f"{count} {code}" for code, count in sorted(refused.items())) or "none"
        sums = [sum(getattr(row, key) for row in held) for key in ("trees", "leaves", "rows", "verified")]
        share = max(row.excess for row in held)
        yield [family, str(len(rows)), str(len(held)), names, *map(str, sums), f"{share:.0%}"]

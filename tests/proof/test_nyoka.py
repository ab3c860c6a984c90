"""nyoka's documents of every model of three matrices: JPMML answers as the library does, or they are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from forests import MATRICES
from journal import REPOSITORY, Journal, page

import nyoka_documents
from mlconvert.stage import Stage
from mlconvert_plugins.lightgbm2pmml_nyoka import Lightgbm2PmmlNyoka
from mlconvert_plugins.sklearn2pmml_nyoka import Sklearn2PmmlNyoka
from mlconvert_plugins.xgboost2pmml_nyoka import Xgboost2PmmlNyoka
from nyoka_documents import ROWS, hold, probed, refusals, source

STAGES: dict[str, Stage] = {
    "LightGBM": Lightgbm2PmmlNyoka(),
    "XGBoost": Xgboost2PmmlNyoka(),
    "scikit-learn": Sklearn2PmmlNyoka(),
}
TABLE = REPOSITORY / "docs" / "proof" / "nyoka.md"
PACKAGES = ("nyoka", "lightgbm", "xgboost", "scikit-learn", "numpy", "sklearn2pmml", "jpmml-evaluator")
CASES = [(family, case) for family, models in MATRICES.items() for case in models.sample(1)]
TEXT = """
Every model is trained on some hundred rows, saved, and made a document by nyoka, with mlconvert's repairs
(`--via lightgbm2pmml.nyoka` and its neighbours). JPMML's evaluator and the library answer the same rows: at thresholds,
beside them, and into leaves. A model is *the same* when labels are equal and probabilities and predictions stand within
1e-12 (XGBoost, which computes in float32: 2e-6) of the library's, and JPMML finds the document's own rows right; else
it is refused, by the codes that stand here.
"""
HEADER = ("library", "models", "the same", "rows", "refused")


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal("nyoka", nyoka_documents, *MATRICES.values(), packages=PACKAGES)


def prove(family: str, case: Any, folder: Path) -> dict[str, Any]:
    """The row of a case. Raises AssertionError where an answer is not the library's."""
    models, stage = MATRICES[family], STAGES[family]
    artifact = source(models.save(case, folder / "model"), models.FORMAT)
    found = refusals(stage, artifact, folder)
    if found:
        return {"refused": [refusal.code for refusal in found], "rows": 0}
    hold(stage, artifact, folder)
    return {"refused": [], "rows": len(probed(artifact, ROWS))}


@pytest.mark.proof
@pytest.mark.parametrize(("family", "case"), CASES, ids=str)
def test_every_model_is_the_same_or_refused(family: str, case: Any, journal: Journal, folder: Path) -> None:
    row = journal.row(f"{family}: {case}", lambda: prove(family, case, folder))
    assert row["refused"] or row["rows"] > 100


@pytest.mark.proof
def test_write_the_table(journal: Journal) -> None:
    TABLE.write_text(page("nyoka's documents", TEXT, HEADER, _lines(journal), PACKAGES), encoding="utf-8")


def _lines(journal: Journal) -> Iterator[list[str]]:
    for family in MATRICES:
        rows = [journal.rows[f"{one}: {case}"] for one, case in CASES if one == family]
        same = [row for row in rows if not row["refused"]]
        refused = Counter(code for row in rows for code in row["refused"])
        names = ", ".join(f"{count} {code}" for code, count in sorted(refused.items()))
        yield [family, str(len(rows)), str(len(same)), str(sum(row["rows"] for row in same)), names]

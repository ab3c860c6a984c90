"""Thirty pipelines as PMML and as JPMML's jar: each answers as scikit-learn does, or its feature is refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from journal import REPOSITORY, Journal, page

import sklearn_pipelines
from converting import convert
from mlconvert.errors import ConversionError
from mlconvert.worker import Worker
from sklearn_pipelines import CASES, SAMPLE, Case

TABLE = REPOSITORY / "docs" / "proof" / "pipelines.md"
PACKAGES = ("scikit-learn", "lightgbm", "xgboost", "numpy", "pandas", "sklearn2pmml", "jpmml-evaluator")
TEXT = """
Every pipeline ([tests/sklearn_pipelines.py](../../tests/sklearn_pipelines.py)) is fitted on public data of
scikit-learn, or on a table with gaps, categories, booleans and texts, and made a document by `mlconvert sklearn2pmml`.
scikit-learn and JPMML's evaluator answer the same rows: what the scalers, imputers and encoders know, thresholds and
edges of bins with the floats beside them, categories that nobody knows and missing values where the pipeline takes
them, texts with words of several scripts. A pipeline is *the same* when labels are equal, and probabilities and
predictions stand within 1e-12 (XGBoost, which computes in float32: 2e-6) of scikit-learn's, or so near to 0 that they
cannot be told from it; else it is refused, by the step and the parameter that stand here.

The document is then made a jar by `mlconvert pmml2jar`, and both answer the document's own rows; what JPMML's compiler
cannot make is refused with the code that stands here, and a jar whose answers hardly move on those rows is unproven.
"""
HEADER = ("pipeline", "data", "PMML", "rows", "outputs", "largest relative error", "document, KiB", "jar")


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal("pipelines", sklearn_pipelines, packages=PACKAGES)


def prove(case: Case, folder: Path, worker: Worker) -> dict[str, Any]:
    """The row of a case's document. Raises AssertionError where an answer is not scikit-learn's."""
    try:
        result = convert(worker, case.fit(), "pmml", out=folder / "m.pmml")
    except ConversionError as error:
        found = [refusal.where for refusal in error.refusals] or [error.where.removeprefix("sklearn2pmml: ")]
        return {"refused": found}
    assert result.parity["status"] == "passed", result.parity
    (check,) = result.parity["checks"]
    return {
        "refused": [],
        "rows": sum(probe["sizes"]["n"] for probe in check["probes"]),
        "outputs": [output["name"] for output in check["outputs"]],
        "error": max(output["max_rel"] for output in check["outputs"]),
        "bytes": result.artifact.path.stat().st_size,
    }


def prove_jar(folder: Path, worker: Worker) -> str:
    """What became of the document in `folder` as a jar: its size, or the code of what JPMML's compiler cannot do."""
    try:
        result = convert(worker, folder / "m.pmml", "jar", out=folder / "m.jar")
    except ConversionError as error:
        return f"refused: {error.code}"
    assert result.parity["status"] != "failed", result.parity
    size = f"{result.artifact.path.stat().st_size / 2**10:.0f} KiB"
    return size if result.parity["status"] == "passed" else f"{size}, {result.parity['status']}"


@pytest.mark.parametrize("case", SAMPLE, ids=str)
def test_sample(case: Case, folder: Path, worker: Worker) -> None:
    row = prove(case, folder, worker)
    assert row["refused"] == ([case.refused] if case.refused else [])
    assert case.refused or row["rows"] > 100


@pytest.mark.proof
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_pipeline_is_the_same_or_refused(case: Case, journal: Journal, folder: Path, worker: Worker) -> None:
    def find() -> dict[str, Any]:
        row = prove(case, folder, worker)
        return row if row["refused"] else {**row, "jar": prove_jar(folder, worker)}

    row = journal.row(str(case), find)
    assert row["refused"] == ([case.refused] if case.refused else [])


@pytest.mark.proof
def test_write_the_table(journal: Journal) -> None:
    assert len(CASES) == 30
    TABLE.write_text(page("Pipelines of scikit-learn", TEXT, HEADER, _lines(journal), PACKAGES), encoding="utf-8")


def _lines(journal: Journal) -> Iterator[list[str]]:
    for case in CASES:
        row = journal.rows[str(case)]
        if row["refused"]:
            yield [str(case), case.data, f"refused: {', '.join(row['refused'])}", *[""] * 5]
        else:
            outputs, size = ", ".join(row["outputs"]), f"{row['bytes'] / 2**10:.0f}"
            yield [str(case), case.data, "the same", str(row["rows"]), outputs, f"{row['error']:.1e}", size, row["jar"]]

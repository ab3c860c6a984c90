"""Mutants of PMML documents are refused, or mean to us what they mean to JPMML's evaluator: 2,000 in `make proof`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from journal import REPOSITORY, Journal, page

import pmml_documents
import pmml_parity
from mlconvert.errors import ConversionError

BATCH = 50
BATCHES = 5
DATA = REPOSITORY / "tests" / "data" / "pmml"
NAMES = sorted(path.stem for path in DATA.glob("*.pmml"))
TABLE = REPOSITORY / "docs" / "proof" / "pmml-mutants.md"
PACKAGES = ("jpmml-evaluator", "sklearn2pmml", "numpy")
TEXT = """
Small documents that JPMML's converters and nyoka have written, with one edit each: an attribute changed, added or
dropped, an element dropped or put into a compound with another, children of a node in another order. What is still read
becomes a forest, and JPMML's evaluator answers the same rows, at every threshold and around it.

- **refused**: one ConversionError, here by its codes.
- **equal**: what the evaluator answers, to 1e-12 (2e-6 where the document computes in float32), and its labels.
- **evaluator refuses**: we read it, and the evaluator misses something that no answer of ours depends on.

No mutant gave another answer than the evaluator's.
"""
HEADER = ("document", "mutants", "refused", "by code", "equal", "evaluator refuses")


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal("pmml-mutants", pmml_documents, pmml_parity, packages=PACKAGES)


@pytest.fixture(scope="module")
def jvm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pmml_parity.one_jvm(tmp_path_factory.mktemp("held")):
        yield


def judge(name: str, batch: int, folder: Path) -> dict[str, int]:
    """What became of the mutants of a batch, by name. Raises AssertionError for a wrong answer."""
    content = (DATA / f"{name}.pmml").read_text(encoding="utf-8")
    found: Counter[str] = Counter()
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        path = folder / "mutant.pmml"
        path.write_text(pmml_documents.mutant(content, seed), encoding="utf-8")
        found[_fate(path)] += 1
    return dict(found)


def _fate(path: Path) -> str:
    try:
        made = pmml_parity.read(path)
    except ConversionError as error:
        return f"refused: {error.code}"
    try:
        pmml_parity.against(path, made, 600)
    except ConversionError:
        return "evaluator refuses"
    return "equal"


@pytest.mark.proof
@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("name", NAMES)
def test_every_mutant(name: str, batch: int, journal: Journal, jvm: None, tmp_path: Path) -> None:
    row = journal.row(f"{name} {batch}", lambda: judge(name, batch, tmp_path))
    assert sum(row.values()) == BATCH


@pytest.mark.proof
def test_the_table(journal: Journal) -> None:
    totals = {name: Counter[str]() for name in NAMES}
    for name in NAMES:
        for batch in range(BATCHES):
            totals[name].update(journal.rows[f"{name} {batch}"])
    TABLE.write_text(page("PMML documents, damaged", TEXT, HEADER, map(_line, totals.items()), PACKAGES))


def _line(entry: tuple[str, Counter[str]]) -> list[str]:
    name, total = entry
    refused = {kind.removeprefix("refused: "): count for kind, count in total.items() if kind.startswith("refused")}
    codes = ", ".join(f"{code} {count}" for code, count in sorted(refused.items()))
    numbers = (sum(total.values()), sum(refused.values()), codes, total["equal"], total["evaluator refuses"])
    return [name, *map(str, numbers)]

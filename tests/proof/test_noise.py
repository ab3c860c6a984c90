"""Benchmarks on a machine that is not quiet: what is equal is not told apart, and 10 % more work is found."""

from __future__ import annotations

import itertools
import os
import shutil
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from journal import REPOSITORY, Journal, page

import graphs
import mlconvert

TABLE = REPOSITORY / "docs" / "proof" / "noise.md"
PACKAGES = ("onnx", "onnxruntime", "numpy")
RUNS = 100
# Products of a chain, and those more of them that change no value: a tenth of the work.
PRODUCTS, MORE, WIDTH = 20, 2, 256
# Of 100 at most so many false, and at least so many found.
FALSE, FOUND = 2, 95
TEXT = f"""
`mlconvert bench model.onnx same.onnx slower.onnx`, {RUNS} times over with its default settings, while the machine does
other things, too. `model.onnx` is a chain of {PRODUCTS} products with matrices of {WIDTH} x {WIDTH}, `same.onnx` is a
copy of it, and `slower.onnx` has {MORE} products more, with the identity: it computes the same, and does 10 % more
work. What the runtime takes beside the products is the same for both, so that the times are less than 10 % apart.

A verdict of `slower` or `faster` says that the whole interval of 99 % lies beyond the margin of 2 %; the *noise* is
what every benchmark states of itself, the source beside itself. The interval of what is equal should *hold* 1.
At most {FALSE} of {RUNS} may tell apart what is equal, and at least {FOUND} must find the slower one.
"""
HEADER = ("beside model.onnx", "slower", "faster", "equivalent", "undecided", "holds 1", "median ratio", "half width")
KINDS = ("same", "noise", "slower")


@pytest.fixture(scope="module")
def journal() -> Journal:
    return Journal("noise", graphs, packages=PACKAGES)


def chain(path: Path, products: int, more: int = 0) -> Path:
    """Products of a row with matrices that keep its size, then some with the identity."""
    generator = np.random.default_rng(0)
    matrices = [generator.standard_normal((WIDTH, WIDTH)) / WIDTH**0.5 for _ in range(products)]
    matrices += [np.eye(WIDTH)] * more
    names = ["x", *(f"h{number}" for number in range(len(matrices) - 1)), "y"]
    nodes = " ".join(
        f"{out} = MatMul({name}, w{number})" for number, (name, out) in enumerate(itertools.pairwise(names))
    )
    weights = {f"w{number}": matrix.astype(np.float32) for number, matrix in enumerate(matrices)}
    text = f"g (float[batch,{WIDTH}] x) => (float[batch,{WIDTH}] y) {{ {nodes} }}"
    onnx.save(graphs.model(text, **weights), path)
    return path


def prove(seed: int, folder: Path) -> dict[str, Any]:
    """The ratios of one benchmark, and the load of the machine when it began."""
    source = chain(folder / "model.onnx", PRODUCTS)
    same = shutil.copy(source, folder / "same.onnx")
    slower = chain(folder / "slower.onnx", PRODUCTS, MORE)
    found = mlconvert.bench(source, same, slower, seed=seed).document
    ratios = {Path(cell["subject"]).stem: cell["ratio"] for cell in found["cells"] if cell["ratio"]}
    return {**ratios, "noise": found["noise"][0]["ratio"], "load": os.getloadavg()[0]}


@pytest.mark.proof
@pytest.mark.parametrize("number", range(RUNS))
def test_a_run(number: int, journal: Journal, folder: Path) -> None:
    row = journal.row(str(number), lambda: prove(number, folder))
    assert row.keys() == {*KINDS, "load"}


@pytest.mark.proof
def test_write_the_table(journal: Journal) -> None:
    rows = [journal.rows[str(number)] for number in range(RUNS)]
    loads = sorted(row["load"] for row in rows)
    middle = statistics.median(loads)
    load = f"\nThe load of the machine was {loads[0]:.1f} to {loads[-1]:.1f}, {middle:.1f} at half of the runs.\n"
    TABLE.write_text(page("Benchmarks and noise", TEXT + load, HEADER, _lines(rows), PACKAGES), encoding="utf-8")
    verdicts = {kind: Counter(row[kind]["verdict"] for row in rows) for kind in KINDS}
    for kind in ("same", "noise"):
        assert verdicts[kind]["slower"] + verdicts[kind]["faster"] <= FALSE
    assert verdicts["slower"]["slower"] >= FOUND


def _lines(rows: list[dict[str, Any]]) -> Iterator[list[str]]:
    names = {"same": "the same", "noise": "itself: the noise", "slower": "10 % more work"}
    for kind in KINDS:
        ratios = [row[kind] for row in rows]
        counts = Counter(ratio["verdict"] for ratio in ratios)
        holds = sum(ratio["low"] <= 1 <= ratio["high"] for ratio in ratios)
        middle = statistics.median(ratio["median"] for ratio in ratios)
        width = statistics.median((ratio["high"] - ratio["low"]) / 2 for ratio in ratios)
        shown = (str(counts[word]) for word in ("slower", "faster", "equivalent", "undecided"))
        yield [names[kind], *shown, str(holds), f"{middle:.3f}", f"{100 * width:.1f} %"]

"""docs/validate.md tells the truth: its files are written, its commands run, and its error is what is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pytest

import mlconvert
from architecture import REPOSITORY
from documents import blocks, run
from graphs import write

BLOCKS = blocks(REPOSITORY / "docs" / "validate.md")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`model.onnx` and `slim.onnx`, `model.txt` and `model.forest`, and the page's own files."""
    folder, rng = tmp_path_factory.mktemp("page"), np.random.default_rng(0)
    graph = "g (float[batch,4] x) => (float[batch,3] scores) { %s = MatMul(x, w)  scores = Softmax(y) }"
    weight = rng.normal(size=(4, 3)).astype(np.float32)
    write(folder / "model.onnx", graph % "z = Identity(x)  y", w=weight)
    write(folder / "slim.onnx", graph % "y", w=weight)
    plan = pd.Categorical(rng.choice(["basic", "pro"], 200))
    rows = pd.DataFrame({"plan": plan, "age": rng.integers(18, 80, 200), "income": rng.normal(5e4, 2e4, 200)})
    model = lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(rows, rng.integers(0, 2, 200))
    model.booster_.save_model(folder / "model.txt")
    mlconvert.convert(folder / "model.txt", to="forest", out=folder / "model.forest")
    for block in BLOCKS:
        if block.path:
            (folder / block.path).write_text(block.text, encoding="utf-8")
    return folder


def test_its_commands_run(folder: Path) -> None:
    commands = [block.text for block in BLOCKS if block.language == "bash" and not block.word]
    shown = " ".join(run("bash", "-euc", "".join(commands), cwd=folder).split())
    assert shown.count("accuracy") == 2
    assert "labels, by the output scores; both answer alike on 100%" in shown
    assert "on 4 labels, by the output label; both answer alike on 100%" in shown
    assert shown.count("inputs inputs.py:batches") == 1
    assert "churn.csv: customer" in shown


def test_its_error_is_what_is_said(folder: Path) -> None:
    head, first, second, _, last = (folder / "churn.csv").read_text(encoding="utf-8").splitlines()
    (folder / "new.csv").write_text("\n".join([head, first, second, last.replace("basic", "gold")]), encoding="utf-8")
    words = ("validate", "model.forest", "model.forest", "--data", "new.csv")
    done = subprocess.run(
        [sys.executable, "-m", "mlconvert", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr in [block.text for block in BLOCKS if block.language == "text"]

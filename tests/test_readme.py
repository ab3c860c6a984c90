"""The README's commands, run as they stand: in order, in one folder that holds the files they name.

A block without a word runs in `make test`. `demo` runs in `make proof`, on a fresh clone. `elsewhere` needs what a test
does not have, a GPU or this test's own caller, and is only read.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from architecture import REPOSITORY
from documents import Block, blocks, run

README = REPOSITORY / "README.md"
BLOCKS = [block for block in blocks(README) if block.language in ("bash", "python")]
HERE = [block for block in BLOCKS if not block.word]

NET = """
import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.features = torch.nn.Conv2d(3, 8, 3, stride=2)
        self.classify = torch.nn.Linear(8 * 15 * 15, 10)

    def forward(self, x):
        return self.classify(torch.relu(self.features(x)).flatten(1))


make = Net
"""


def test_every_block_says_where_it_runs() -> None:
    assert {block.word for block in BLOCKS} == {"", "demo", "elsewhere"}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"line {block.line}")
def test_every_block_can_be_read(block: Block) -> None:
    if block.language == "python":
        compile(block.text, README.name, "exec")
    else:
        subprocess.run(["bash", "-n", "-c", block.text], check=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds `net.py`, its `weights.pt`, `model.pt2` with a dynamic batch, `churn.txt` with its `rows.csv`, and
    `pipeline.joblib`.
    """
    root = tmp_path_factory.mktemp("readme")
    (root / "net.py").write_text(NET)
    namespace: dict[str, Any] = {}
    exec(NET, namespace)
    torch.manual_seed(0)
    model = namespace["make"]().eval()
    torch.save(model.state_dict(), root / "weights.pt")
    batch = torch.export.Dim("batch", min=1, max=32)
    program = torch.export.export(model, (torch.zeros(2, 3, 32, 32),), dynamic_shapes=({0: batch},))
    torch.export.save(program, root / "model.pt2")
    write_churn(root)
    write_pipeline(root)
    return root


def write_churn(root: Path) -> None:
    """A LightGBM model of two columns, and rows for it."""
    import lightgbm
    import numpy as np

    rows = np.random.default_rng(0).normal(size=(200, 2))
    data = lightgbm.Dataset(rows, (rows.sum(axis=1) > 0).astype(int), feature_name=["age", "income"])
    lightgbm.train({"objective": "binary", "verbose": -1}, data, 10).save_model(root / "churn.txt")
    np.savetxt(root / "rows.csv", rows, delimiter=",", header="age,income", comments="")


def write_pipeline(root: Path) -> None:
    """A scikit-learn pipeline of numbers and categories."""
    import joblib
    import numpy as np
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    drawn = np.random.default_rng(0)
    rows = pd.DataFrame({"age": drawn.uniform(18, 80, 200), "plan": drawn.choice(["free", "team"], 200)})
    columns = make_column_transformer((StandardScaler(), ["age"]), (OneHotEncoder(), ["plan"]))
    model = make_pipeline(columns, LogisticRegression()).fit(rows, rows["age"] > 40)
    joblib.dump(model, root / "pipeline.joblib")


def test_its_commands_run(folder: Path) -> None:
    for block in HERE:
        command = [sys.executable, "-W", "error", "-c"] if block.language == "python" else ["bash", "-euc"]
        run(*command, block.text, cwd=folder)
    made = ("model.onnx", "net.onnx", "engine.rtx.plan", "tiny.onnx", "checked.onnx")
    for name in (*made, "churn.jar", "churn.pmml", "churn-native.jar", "pipeline.pmml"):
        assert json.loads((folder / f"{name}.mlconvert.json").read_text())["artifact"] == name
    assert json.loads((folder / "manifest.json").read_text())["parity"]["status"] == "passed"
    assert len((folder / "predictions.csv").read_text().splitlines()) == 201


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_the_demo_runs_on_a_fresh_clone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
    for block in BLOCKS:
        if block.word == "demo":
            run("bash", "-euc", block.text, cwd=clone)
    manifest = json.loads((clone / "demo" / "digits.rtx.plan.mlconvert.json").read_text())
    assert manifest["parity"]["checks"][0]["status"] == "passed"
    shutil.rmtree(clone)

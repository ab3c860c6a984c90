from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xgboost

import exactness
import xgboost_models as models
from converting import convert, validate
from mlconvert.errors import ConversionError
from mlconvert.worker import Worker
from mlconvert_plugins.trees import layout
from mlconvert_plugins.trees.model import Forest
from mlconvert_plugins.trees.score import Scorer
from mlconvert_plugins.trees.tolerance import LINKED_FLOAT32
from mlconvert_plugins.xgboostfile import document, forest
from xgboost_models import Case


def read(content: bytes, start: int = 0, count: int | None = None) -> Forest:
    return forest.read(document.load(content), start, count)


def check(case: Case, folder: Path) -> exactness.Comparison:
    path = models.save(case, folder / "m")
    return exactness.compare(read(path.read_bytes(), *case.cut), models.answers(path, case), LINKED_FLOAT32)


# --- exact ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", models.sample(15), ids=str)
def test_margins_have_xgboosts_bits(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)


@pytest.mark.parametrize("objective", models.OBJECTIVES)
def test_every_objective(objective: str, tmp_path: Path) -> None:
    assert check(Case(objective), tmp_path).rows > 1000


def test_any_row(tmp_path: Path) -> None:
    case = Case("reg:squarederror", "dart", categories="many")
    path = models.save(case, tmp_path / "m")
    made = read(path.read_bytes())
    assert exactness.compare_drawn(made, models.answers(path, case), LINKED_FLOAT32).drawn > 100


@pytest.mark.parametrize("score", [0.1, 0.3, 0.5123, 0.9999])
@pytest.mark.parametrize("objective", ["binary:logistic", "count:poisson", "reg:squarederror", "reg:gamma"])
def test_the_margin_of_a_base_score_has_the_c_librarys_bits(objective: str, score: float) -> None:
    x = np.random.default_rng(0).standard_normal((50, 2))
    data = xgboost.DMatrix(x, (x[:, 0] > 0) + (objective != "binary:logistic"))
    booster = xgboost.train({"objective": objective, "base_score": score, "max_depth": 1}, data, 1)
    made = read(bytes(booster.save_raw("ubj")))
    np.testing.assert_array_equal(Scorer(made).margins(x)[:, 0], booster.predict(data, output_margin=True))


# --- through the frame ---------------------------------------------------------------------------------


@pytest.fixture(params=["json", "ubj"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"churn.{request.param}"
    models.train(Case(categories="few")).save_model(path)
    return path


def test_a_file_becomes_a_forest_with_its_proof(model: Path, worker: Worker) -> None:
    result = convert(worker, model, "forest")
    (found,) = result.parity["checks"]
    assert result.parity["status"] == "passed", result.parity
    assert {one["name"]: one["ulps"] for one in found["outputs"]}["margin"] == 0
    reached, _, leaves = found["facts"]["leaves"].split()[:3]
    assert reached == leaves


def test_a_part_of_the_iterations(model: Path, worker: Worker) -> None:
    options = {"xgboost2forest": {"start_iteration": 2, "num_iteration": 3}}
    result = convert(worker, model, "forest", options=options)
    assert result.parity["status"] == "passed"
    assert layout.read(result.artifact.path).trees == 3
    with pytest.raises(ConversionError, match="6 iterations"):
        convert(worker, model, "forest", options={"xgboost2forest": {"start_iteration": 6}}, force=True)


def test_a_damaged_leaf_fails_parity(model: Path, worker: Worker) -> None:
    path = convert(worker, model, "forest", validate=False).artifact.path
    made = layout.read(path)
    made.leaf_value[-1] *= np.float32(1 + 1e-4)
    layout.write(made, path)
    found = validate(worker, model, path)
    assert found["status"] == "failed"
    assert "margin is off by" in found["reason"]


def test_both_forms_give_the_same_bytes(tmp_path: Path, worker: Worker) -> None:
    booster = models.train(Case("multi:softprob", categories="many"))
    contents = set()
    for form in ("json", "ubj"):
        booster.save_model(tmp_path / f"m.{form}")
        made = convert(worker, tmp_path / f"m.{form}", "forest", out=tmp_path / f"{form}.forest", validate=False)
        contents.add(made.artifact.path.read_bytes())
    assert len(contents) == 1

"""XGBoost's models as PMML, held against XGBoost itself at every threshold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost

import xgboost_models as models
from boosted_documents import made, prove
from converting import convert
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.testing import check_stage
from mlconvert.worker import Worker
from mlconvert_plugins.pmml_runner import PmmlRunner
from mlconvert_plugins.xgboost2pmml import Xgboost2Pmml
from xgboost_models import Case

# --- as XGBoost decides ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", models.sample(100), ids=str)
def test_a_sample_of_the_matrix(case: Case, tmp_path: Path) -> None:
    assert prove(models, case, tmp_path).verified > 0


@pytest.mark.parametrize("compact", [True, False])
@pytest.mark.parametrize("categories", models.CATEGORIES)
def test_categories_written_short_and_long(categories: str, compact: bool, tmp_path: Path) -> None:
    assert prove(models, Case("multi:softprob", categories=categories), tmp_path, compact=compact).rows > 1000


@pytest.mark.parametrize("objective", ["count:poisson", "reg:logistic", "binary:hinge", "two labels", models.AT_ONCE])
def test_every_link_and_several_outputs(objective: str, tmp_path: Path) -> None:
    assert prove(models, Case(objective), tmp_path).rows > 1000


@pytest.mark.parametrize("extra", ["base 0.9", "dropped", "one leaf"])
def test_sums_begin_where_xgboost_begins_them(extra: str, tmp_path: Path) -> None:
    assert prove(models, Case("binary:logistic", extra=extra), tmp_path).rows > 0


def test_of_equal_probabilities_the_first_class_wins(tmp_path: Path) -> None:
    x = np.zeros((10, 1), dtype=np.float32)
    booster = xgboost.train({"objective": "binary:logistic", "base_score": 0.5, "nthread": 1}, xgboost.DMatrix(x, x), 0)
    tied = xgboost.train({"objective": "binary:logistic", "base_score": 0.5, "nthread": 1, "gamma": 1e9},
                         xgboost.DMatrix(x, np.arange(10) % 2), 1)  # fmt: skip
    assert booster.num_boosted_rounds() == 0
    tied.save_model(tmp_path / "m.json")
    with PmmlRunner(made(Xgboost2Pmml(), tmp_path / "m.json", tmp_path / "m.pmml")) as runner:
        answer = runner.run({"x": np.zeros((1, 1))})
    assert answer["probability"].tolist() == [[0.5, 0.5]] and answer["label"].tolist() == [0]


def test_a_category_that_the_model_has_never_seen_goes_left(tmp_path: Path) -> None:
    """It is no missing value, which goes where the node says."""
    codes = np.arange(300) % 5
    x = pd.DataFrame({"c": pd.Categorical.from_codes(codes, list("abcde"))})
    x.loc[::7, "c"] = None
    given = {"nthread": 1, "max_cat_to_onehot": 1, "max_depth": 3}
    booster = xgboost.train(given, xgboost.DMatrix(x, codes % 3 + x["c"].isna(), enable_categorical=True), 4)
    booster.save_model(tmp_path / "m.json")
    rows = np.array([[0.0], [4.0], [5.0], [77.0], [np.nan]])
    data = xgboost.DMatrix(rows, feature_types=["c"], enable_categorical=True)
    with PmmlRunner(made(Xgboost2Pmml(), tmp_path / "m.json", tmp_path / "m.pmml")) as runner:
        found = runner.run({"x": rows})["prediction"][:, 0]
    np.testing.assert_allclose(found, booster.predict(data, validate_features=False), rtol=2e-6)


# --- what goes in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".json", ".ubj"])
def test_a_model_without_names_and_types(suffix: str, tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((100, 2))
    path = tmp_path / f"m{suffix}"
    xgboost.train({"nthread": 1}, xgboost.DMatrix(x, x[:, 0]), 2).save_model(path)
    if suffix == ".json":
        learner = json.loads(path.read_text())["learner"]
        assert not learner["feature_names"] and not learner["feature_types"]
    artifact = made(Xgboost2Pmml(), path, tmp_path / "m.pmml")
    assert [column.name for column in artifact.signature.columns] == ["f0", "f1"]
    assert 'dataType="float"' in artifact.path.read_text(encoding="utf-8")


def test_names_and_categories_stay_as_they_are(tmp_path: Path, worker: Worker) -> None:
    generator = np.random.default_rng(0)
    words = ["plain", "two words", '"quoted"', "it's", "<&>", ""]
    codes = generator.integers(0, len(words), 300)
    table = pd.DataFrame({'a "b" & c': generator.standard_normal(300), "w": pd.Categorical.from_codes(codes, words)})
    model = xgboost.XGBRegressor(n_estimators=4, n_jobs=1, enable_categorical=True, max_cat_to_onehot=2)
    result = convert(worker, model.fit(table, np.sin(codes)), "pmml", out=tmp_path / "m.pmml")
    assert result.parity["status"] == "passed", result.parity
    assert [column.name for column in result.artifact.signature.columns] == list(table.columns)
    assert result.artifact.signature.columns[1].categories == tuple(words)


def test_a_part_of_the_iterations_is_held_against_that_part(tmp_path: Path, worker: Worker) -> None:
    path = models.save(Case("reg:squarederror"), tmp_path / "m")
    result = convert(worker, path, "pmml", out=tmp_path / "m.pmml", options={"xgboost2pmml": {"num_iteration": 2}})
    assert result.parity["status"] == "passed"
    assert result.manifest["route"][0]["facts"]["trees"] == 2


def test_a_booster_that_is_no_tree_ensemble_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        prove(models, models.refused()[0], tmp_path)
    assert caught.value.code == "unknown-booster"


def test_the_contract(tmp_path: Path) -> None:
    path = models.save(Case("multi:softprob", categories="few"), tmp_path / "m")
    check_stage(Xgboost2Pmml(), Artifact(path, "xgboost"), tmp_path)

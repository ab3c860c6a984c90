from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xgboost

import xgboost_models as models
from mlconvert.artifact import Artifact
from mlconvert.testing import check_stage
from mlconvert_plugins.nyokawriter.options import NyokaBoostedOptions
from mlconvert_plugins.xgboost2pmml_nyoka import Xgboost2PmmlNyoka
from nyoka_documents import hold, refusals, source
from xgboost_models import Case

STAGE = Xgboost2PmmlNyoka()
EXACT = [
    Case("reg:squarederror", "dart"),
    Case("rank:ndcg", shape="lossguide", missing=False),
    Case("binary:logitraw", shape="parallel"),
    Case("binary:logistic", "dart", "exact"),
    Case("multi:softprob", shape="parallel"),
    Case("multi:softmax", shape="removed"),
    Case("count:poisson", shape="pruned"),
    Case("reg:logistic", "dart", missing=False),
]
REFUSED = [
    (Case("binary:logistic", categories="few"), "categorical-splits"),
    (Case("two targets"), "several-outputs"),
    (Case("two labels"), "several-outputs"),
    (Case("binary:hinge"), "unsupported-link"),
]


def saved(case: Case, folder: Path) -> Artifact:
    return source(models.save(case, folder / "m"), "xgboost")


@pytest.mark.parametrize("case", EXACT, ids=str)
def test_it_computes_what_xgboost_computes(case: Case, tmp_path: Path) -> None:
    hold(STAGE, saved(case, tmp_path), tmp_path)


@pytest.mark.parametrize(("case", "code"), REFUSED, ids=str)
def test_what_nyoka_cannot_say_is_refused_by_name(case: Case, code: str, tmp_path: Path) -> None:
    assert code in [refusal.code for refusal in refusals(STAGE, saved(case, tmp_path), tmp_path)]


def test_the_contract(tmp_path: Path) -> None:
    check_stage(STAGE, Artifact(models.save(Case(), tmp_path / "m"), "xgboost"), tmp_path)


def test_some_iterations(tmp_path: Path) -> None:
    hold(STAGE, saved(Case("multi:softprob"), tmp_path), tmp_path, NyokaBoostedOptions(num_iteration=2))


def test_names_that_nyoka_would_take_apart(tmp_path: Path) -> None:
    """nyoka takes a name for a number where an f and digits stand in it."""
    generator = np.random.default_rng(0)
    x = generator.standard_normal((200, 3))
    data = xgboost.DMatrix(x, x[:, 0] - x[:, 2], feature_names=["f2", "f1", "1f"])
    path = tmp_path / "m.json"
    xgboost.train({"max_depth": 3}, data, 3).save_model(path)
    hold(STAGE, source(path, "xgboost"), tmp_path)


def test_a_model_of_nothing_but_its_base_score(tmp_path: Path) -> None:
    x = np.arange(20.0)[:, None]
    path = tmp_path / "m.json"
    parameters = {"gamma": 1e9, "base_score": 0.5, "objective": "binary:logistic", "lambda": 1e9}
    xgboost.train(parameters, xgboost.DMatrix(x, x[:, 0] % 2), 1).save_model(path)
    hold(STAGE, source(path, "xgboost"), tmp_path)

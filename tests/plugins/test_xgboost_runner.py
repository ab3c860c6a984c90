from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xgboost

import mlconvert
import xgboost_models as models
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert_plugins.xgboost_runner import XgboostRunner
from xgboost_models import Case

LABEL = ("int64", (7,))


def floats(outputs: int) -> tuple[str, tuple[int, int]]:
    return "float32", (7, outputs)


@pytest.mark.parametrize(
    ("objective", "outputs"),
    [
        ("binary:logistic", {"margin": floats(1), "probability": floats(2), "label": LABEL}),
        ("multi:softprob", {"margin": floats(3), "probability": floats(3), "label": LABEL}),
        ("multi:softmax", {"margin": floats(3), "label": LABEL}),
        ("two targets", {"margin": floats(2), "prediction": floats(2)}),
    ],
)
def test_it_answers_as_booster_predict_does(objective: str, outputs: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    case = Case(objective)
    models.train(case).save_model(path)
    x = models.rows(case, np.random.default_rng(0))[:7]
    with mlconvert.open(path) as runner:
        answer = runner.run({"x": x})
    assert {name: (str(value.dtype), value.shape) for name, value in answer.items()} == outputs
    expected = xgboost.Booster(model_file=path).predict(xgboost.DMatrix(x), output_margin=True)
    np.testing.assert_array_equal(answer["margin"], expected.reshape(7, -1))


def test_settings_choose_the_iterations(tmp_path: Path) -> None:
    path = tmp_path / "model.ubj"
    models.train(Case()).save_model(path)
    x = models.rows(Case(), np.random.default_rng(0))
    artifact = replace(Artifact(path, "xgboost"), settings={"start_iteration": 1, "num_iteration": 2})
    with XgboostRunner(artifact) as runner:
        margin = runner.run({"x": x})["margin"]
    booster = xgboost.Booster(model_file=path)
    expected = booster.predict(xgboost.DMatrix(x), output_margin=True, iteration_range=(1, 3))
    np.testing.assert_array_equal(margin[:, 0], expected)


def test_rows_that_xgboost_refuses(tmp_path: Path) -> None:
    path = tmp_path / "model.ubj"
    models.train(Case()).save_model(path)
    with mlconvert.open(path) as runner, pytest.raises(ConversionError) as caught:
        runner.run({"x": np.full((1, 5), np.inf)})
    assert caught.value.code == "xgboost-refused"


def test_a_broken_file_never_reaches_xgboost(tmp_path: Path) -> None:
    path = tmp_path / "model.ubj"
    models.train(Case()).save_model(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ConversionError), XgboostRunner(Artifact(path, "xgboost")):
        pass

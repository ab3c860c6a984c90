from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import pytest

import lightgbm_models as models
import mlconvert
from lightgbm_models import Case
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert_plugins.lightgbm_runner import LightgbmRunner


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.txt"
    models.train(Case("binary")).save_model(path)
    return path


def test_it_answers_as_booster_predict_does(path: Path) -> None:
    x = models.rows(Case("binary"), np.random.default_rng(0))
    booster = lightgbm.Booster(model_file=path)
    with mlconvert.open(path) as runner:
        answer = runner.run({"x": x})
    np.testing.assert_array_equal(answer["margin"][:, 0], booster.predict(x, raw_score=True))
    np.testing.assert_array_equal(answer["probability"][:, 1], booster.predict(x))
    np.testing.assert_array_equal(answer["probability"][:, 0], 1 - booster.predict(x))
    np.testing.assert_array_equal(answer["label"], booster.predict(x) > 0.5)


def test_settings_choose_the_iterations(path: Path) -> None:
    x = models.rows(Case("binary"), np.random.default_rng(0))
    part = {"start_iteration": 1, "num_iteration": 2}
    whole = Artifact(path, "lightgbm")
    with LightgbmRunner(replace(whole, settings=part)) as runner:
        margin = runner.run({"x": x})["margin"]
    np.testing.assert_array_equal(margin[:, 0], lightgbm.Booster(model_file=path).predict(x, raw_score=True, **part))


def test_a_text_that_would_end_the_process_never_reaches_lightgbm(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8000])
    with pytest.raises(ConversionError), LightgbmRunner(Artifact(path, "lightgbm")):
        pass

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mlconvert
import sklearn_models as models
import sklearn_pipelines
from mlconvert.errors import ConversionError
from mlconvert_plugins.sklearntrees import opening
from sklearn_models import Case


@pytest.mark.parametrize(
    ("name", "task", "outputs"),
    [
        ("RandomForestClassifier", "binary", {"probability", "label"}),
        ("GradientBoostingClassifier", "three", {"margin", "probability", "label"}),
        ("ExtraTreesRegressor", "two outputs", {"prediction"}),
    ],
)
def test_it_answers_as_the_estimator_does(name: str, task: str, outputs: set[str], tmp_path: Path) -> None:
    estimator = models.fit(Case(name, task=task))
    opening.save(estimator, tmp_path / "m.joblib")
    x = models.rows(Case(name), np.random.default_rng(1))
    with mlconvert.open(tmp_path / "m.joblib", trust=True) as runner:
        answer = runner.run({"x": x})
    assert set(answer) == outputs
    if "label" in outputs:
        np.testing.assert_array_equal(answer["probability"], estimator.predict_proba(x))
        np.testing.assert_array_equal(answer["label"], estimator.predict(x))
    else:
        np.testing.assert_array_equal(answer["prediction"], estimator.predict(x))


def test_rows_that_scikit_learn_refuses(tmp_path: Path) -> None:
    opening.save(models.fit(Case("GradientBoostingRegressor")), tmp_path / "m.joblib")
    with mlconvert.open(tmp_path / "m.joblib", trust=True) as runner, pytest.raises(ConversionError) as caught:
        runner.run({"x": np.full((1, 5), np.nan)})
    assert caught.value.code == "sklearn-refused"


def test_codes_are_the_places_of_categories(tmp_path: Path) -> None:
    case = Case("HistGradientBoostingRegressor", rows="names")
    estimator = models.fit(case)
    opening.save(estimator, tmp_path / "m.joblib")
    frame = models.rows(case, np.random.default_rng(1))
    codes = frame.assign(d=frame["d"].cat.codes).to_numpy(dtype=np.float64)
    with mlconvert.open(tmp_path / "m.joblib", trust=True) as runner:
        answer = runner.run({"x": codes})
    np.testing.assert_array_equal(answer["prediction"][:, 0], estimator.predict(frame))


def test_a_pipeline_takes_numbers_codes_and_texts(tmp_path: Path) -> None:
    estimator = next(case for case in sklearn_pipelines.CASES if case.name == "words beside numbers").fit()
    opening.save(estimator, tmp_path / "m.joblib")
    rows = sklearn_pipelines.people().head(40)
    with mlconvert.open(tmp_path / "m.joblib", trust=True) as runner:
        cities = runner.signature.columns[2].categories
        assert cities is not None
        codes = rows["city"].map({city: code for code, city in enumerate(cities)})
        x = rows.drop(columns="review").assign(city=codes).to_numpy(np.float64)
        answer = runner.run({"x": x, "review": rows["review"].to_numpy(object)})
        assert runner.seconds > 0
        with pytest.raises(ConversionError) as caught:
            runner.run({"x": x})
    assert caught.value.code == "bad-input"
    np.testing.assert_array_equal(answer["probability"], estimator.predict_proba(rows))
    np.testing.assert_array_equal(answer["label"], estimator.predict(rows))
    np.testing.assert_array_equal(answer["margin"][:, 0], estimator.decision_function(rows))

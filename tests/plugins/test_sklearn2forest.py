from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import ensemble, linear_model, pipeline, tree

import exactness
import sklearn_models as models
from converting import convert
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.worker import Worker
from mlconvert_plugins.sklearntrees import forest, opening
from mlconvert_plugins.trees import layout
from mlconvert_plugins.trees.model import Forest
from mlconvert_plugins.trees.score import Scorer
from mlconvert_plugins.trees.tolerance import EXACT, LINKED, declared
from sklearn_models import Case


def check(case: Case, folder: Path) -> None:
    path = models.save(case, folder / "m")
    made = forest.read(opening.load(path, trust=True))
    layout.write(made, folder / "m.forest")
    exactness.compare(made, models.answers(path, case), declared(Artifact(folder / "m.forest", "forest")))


# --- exact ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", models.sample(6), ids=str)
def test_answers_have_scikit_learns_bits(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)


def made_of(estimator: Any) -> tuple[Forest, np.ndarray]:
    generator = np.random.default_rng(0)
    x = generator.standard_normal((200, 3))
    return forest.read(estimator.fit(x, x[:, 0] > 0)), x


def test_leaves_have_scikit_learns_numbers() -> None:
    for estimator in (tree.DecisionTreeClassifier(), tree.DecisionTreeClassifier(max_leaf_nodes=7)):
        made, x = made_of(estimator)
        scorer = Scorer(made)
        np.testing.assert_array_equal(scorer.numbered(scorer.leaves(x))[:, 0], estimator.apply(x))


def test_what_no_link_has_touched_is_exact(tmp_path: Path) -> None:
    for estimator, tolerance in (
        (ensemble.RandomForestClassifier(3), EXACT),
        (ensemble.GradientBoostingClassifier(n_estimators=3), LINKED),
    ):
        made, _ = made_of(estimator)
        layout.write(made, tmp_path / "m.forest")
        assert declared(Artifact(tmp_path / "m.forest", "forest")) == tolerance


def test_a_label_on_the_edge() -> None:
    """GradientBoosting gives a margin of 0 to the second class, histogram gradient boosting to the first."""
    x = np.array([[0.0], [1.0]] * 20)
    y = x[:, 0] > 0
    boosted = ensemble.GradientBoostingClassifier(init="zero", learning_rate=1e-300, n_estimators=1).fit(x, y)
    histogram = ensemble.HistGradientBoostingClassifier(max_iter=1, min_samples_leaf=50).fit(x, y)
    for estimator, edge in ((boosted, True), (histogram, False)):
        made = forest.read(estimator)
        made.leaf_value[:] = 0
        answer = Scorer(made).run(x)
        assert (answer["margin"] == 0).all()
        assert set(answer["label"].tolist()) == {edge}
    assert histogram.decision_function(x)[0] == 0
    assert not histogram.predict(x).any()


# --- through the frame ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["RandomForestClassifier", "HistGradientBoostingClassifier"])
def test_a_live_estimator_becomes_a_forest_with_its_proof(name: str, tmp_path: Path, worker: Worker) -> None:
    rows = "names" if name.startswith("Hist") else "missing"
    estimator = models.fit(Case(name, task="binary", rows=rows))
    result = convert(worker, estimator, "forest", out=tmp_path / "m.forest")
    assert result.parity["status"] == "passed", result.parity
    assert result.artifact.signature.labels == ("no", "yes")
    if rows == "names":
        assert result.artifact.signature.columns[3].categories == ("Bern", "Oslo", "Rome", "Zürich")


def test_a_pickle_needs_trust(tmp_path: Path, worker: Worker) -> None:
    path = tmp_path / "m.joblib"
    opening.save(models.fit(Case("DecisionTreeRegressor")), path)
    with pytest.raises(ConversionError) as caught:
        convert(worker, path, "forest")
    assert caught.value.code == "needs-trust"
    assert convert(worker, path, "forest", trust=True).parity["status"] == "passed"


def test_skops_needs_none(tmp_path: Path, worker: Worker) -> None:
    from skops import io

    path = tmp_path / "m.skops"
    io.dump(models.fit(Case("RandomForestRegressor")), path)
    result = convert(worker, path, "forest")
    assert result.parity["status"] == "passed"


def test_twice_the_same_bytes(tmp_path: Path) -> None:
    estimator = models.fit(Case("ExtraTreesClassifier", task="three"))
    assert layout.pack(forest.read(estimator)) == layout.pack(forest.read(estimator))


# --- refused by name -----------------------------------------------------------------------------------

X, Y = np.random.default_rng(0).standard_normal((60, 2)), np.arange(60) % 3

REFUSED: list[tuple[Any, str, str]] = [
    (linear_model.LogisticRegression().fit(X, Y), "unsupported-estimator", "LogisticRegression"),
    (pipeline.make_pipeline(tree.DecisionTreeClassifier()).fit(X, Y), "unsupported-estimator", "Pipeline"),
    (ensemble.AdaBoostRegressor(n_estimators=2).fit(X, Y), "unsupported-estimator", "AdaBoostRegressor"),
    (
        ensemble.AdaBoostClassifier(linear_model.LogisticRegression(), n_estimators=2).fit(X, Y),
        "unsupported-estimator",
        "AdaBoostClassifier",
    ),
    (
        ensemble.IsolationForest(n_estimators=2, max_samples=1).fit(X),
        "unsupported-estimator",
        "IsolationForest max_samples",
    ),
    (ensemble.RandomForestClassifier(), "not-fitted", "RandomForestClassifier"),
    (tree.DecisionTreeClassifier().fit(X, 0 * Y), "unsupported-estimator", "classes_"),
    (
        tree.DecisionTreeClassifier().fit(X, np.column_stack([Y, Y])),
        "unsupported-estimator",
        "DecisionTreeClassifier",
    ),
    (
        ensemble.BaggingRegressor(linear_model.LinearRegression(), n_estimators=2).fit(X, Y),
        "unsupported-estimator",
        "BaggingRegressor",
    ),
    (
        ensemble.GradientBoostingRegressor(init=tree.DecisionTreeRegressor(), n_estimators=2).fit(X, Y),
        "unsupported-estimator",
        "GradientBoostingRegressor init",
    ),
]


@pytest.mark.parametrize(("estimator", "code", "where"), REFUSED, ids=[one[2] for one in REFUSED])
def test_what_is_not_known_is_named(estimator: Any, code: str, where: str) -> None:
    with pytest.raises(ConversionError) as caught:
        forest.read(estimator)
    assert (caught.value.code, caught.value.where) == (code, where)


def test_an_estimator_whose_attributes_are_damaged() -> None:
    estimator = ensemble.GradientBoostingRegressor(n_estimators=2).fit(X, Y)
    for name, value in (("learning_rate", 10**400), ("estimators_", "x"), ("n_features_in_", None)):
        broken = copy.copy(estimator)
        setattr(broken, name, value)
        with pytest.raises(ConversionError) as caught:
            forest.read(broken)
        assert caught.value.code == "bad-sklearn"

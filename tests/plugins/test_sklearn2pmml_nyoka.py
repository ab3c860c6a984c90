from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import discriminant_analysis, ensemble, linear_model, naive_bayes, neighbors, svm, tree
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.testing import check_stage
from mlconvert_plugins.nyokawriter.options import NyokaOptions
from mlconvert_plugins.sklearn2pmml_nyoka import Sklearn2PmmlNyoka
from mlconvert_plugins.sklearntrees import opening
from nyoka_documents import hold, made, refusals, source

STAGE = Sklearn2PmmlNyoka()
ROWS = 200

# Columns of very different sizes: what is written with sixteen decimals loses the small ones.
_SIZES = np.array([1.0, 10.0, 1e-6, 1e3])

TWO, THREE, NUMBER = "two", "three", "number"
EXACT: list[tuple[Any, str]] = [
    (linear_model.LinearRegression(), NUMBER),
    (make_pipeline(StandardScaler(with_mean=False), svm.LinearSVR()), NUMBER),
    (make_pipeline(SimpleImputer(), StandardScaler(with_std=False), linear_model.LogisticRegression()), TWO),
    (make_pipeline(RobustScaler(with_centering=False), linear_model.LogisticRegression()), THREE),
    (make_pipeline(StandardScaler(), linear_model.LogisticRegression(fit_intercept=False)), TWO),
    (make_pipeline(MaxAbsScaler(), discriminant_analysis.LinearDiscriminantAnalysis()), THREE),
    (make_pipeline(StandardScaler(), linear_model.SGDClassifier(loss="log_loss", random_state=0)), TWO),
    (make_pipeline(StandardScaler(), svm.SVR()), NUMBER),
    (make_pipeline(MinMaxScaler(), MLPRegressor(hidden_layer_sizes=(4, 3), max_iter=20, random_state=0)), NUMBER),
    (make_pipeline(StandardScaler(), MLPClassifier(hidden_layer_sizes=(12,), max_iter=20, random_state=0)), THREE),
    (make_pipeline(StandardScaler(), PolynomialFeatures(2), linear_model.LinearRegression()), NUMBER),
    (
        make_pipeline(StandardScaler(), "passthrough", PCA(2), tree.DecisionTreeClassifier(max_depth=3)),
        TWO,
    ),
    (
        make_pipeline(StandardScaler(), SimpleImputer(strategy="median"), tree.DecisionTreeRegressor(max_depth=3)),
        NUMBER,
    ),
    (make_pipeline(SimpleImputer(strategy="constant", fill_value=-0.1), ensemble.RandomForestClassifier(5)), THREE),
    (make_pipeline(Binarizer(threshold=0.1), ensemble.RandomForestRegressor(5)), NUMBER),
    (tree.DecisionTreeClassifier(max_depth=4), THREE),
    (ensemble.RandomForestClassifier(4, max_depth=3, random_state=0), TWO),
    (make_pipeline(StandardScaler(), ensemble.GradientBoostingClassifier(n_estimators=3, random_state=0)), TWO),
    (ensemble.GradientBoostingClassifier(n_estimators=3, init="zero", random_state=0), THREE),
    (ensemble.GradientBoostingRegressor(n_estimators=3, loss="huber", random_state=0), NUMBER),
]
REFUSED: list[tuple[Any, str, str]] = [
    (make_pipeline(MinMaxScaler(clip=True), linear_model.LinearRegression()), NUMBER, "unsupported-parameter"),
    (
        make_pipeline(PCA(2, whiten=True), linear_model.LinearRegression()),
        NUMBER,
        "unsupported-parameter",
    ),
    (
        make_pipeline(SimpleImputer(add_indicator=True), linear_model.LinearRegression()),
        NUMBER,
        "unsupported-parameter",
    ),
    (make_pipeline(QuantileTransformer(n_quantiles=5), svm.LinearSVR()), NUMBER, "unsupported-transformer"),
    (linear_model.SGDClassifier(), TWO, "no-probability"),
    (linear_model.SGDClassifier(loss="log_loss"), THREE, "one-against-the-rest"),
    (linear_model.Ridge(), NUMBER, "unsupported-estimator"),
    (naive_bayes.GaussianNB(), TWO, "unsupported-estimator"),
    (neighbors.KNeighborsRegressor(), NUMBER, "unsupported-estimator"),
    (ensemble.ExtraTreesRegressor(3), NUMBER, "unsupported-estimator"),
]


def table(*, missing: bool = False) -> np.ndarray:
    generator = np.random.default_rng(0)
    x = generator.standard_normal((ROWS, len(_SIZES))) * _SIZES
    if missing:
        x[generator.random(x.shape) < 0.1] = np.nan
    return x


def answers(what: str) -> np.ndarray:
    generator = np.random.default_rng(1)
    x = table() / _SIZES
    signal = x[:, 0] + np.abs(x[:, 1]) - x[:, 2] * x[:, 3] + 0.1 * generator.standard_normal(ROWS)
    if what == NUMBER:
        return np.asarray(signal)
    cuts = [0.5] if what == TWO else [0.3, 0.7]
    return np.array(["no", "yes & <more>", "über"])[np.digitize(signal, np.quantile(signal, cuts))]


def saved(estimator: Any, what: str, folder: Path) -> Artifact:
    takes_missing = "imputer" in str(getattr(estimator, "steps", "")).lower()
    path = folder / "m.joblib"
    opening.save(estimator.fit(table(missing=takes_missing), answers(what)), path)
    return source(path, "sklearn")


def words(case: Any) -> str:
    return (
        " ".join(type(step).__name__ for _, step in getattr(case, "steps", [("", case)]))
        if not isinstance(case, str)
        else case
    )


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize(("estimator", "what"), EXACT, ids=words)
def test_it_computes_what_scikit_learn_computes(estimator: Any, what: str, tmp_path: Path) -> None:
    hold(STAGE, saved(estimator, what, tmp_path), tmp_path, rows=100)


@pytest.mark.parametrize(("estimator", "what", "code"), REFUSED, ids=words)
def test_what_nyoka_gets_wrong_is_refused_by_name(estimator: Any, what: str, code: str, tmp_path: Path) -> None:
    assert [refusal.code for refusal in refusals(STAGE, saved(estimator, what, tmp_path), tmp_path)] == [code]


def test_columns_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    import pandas as pd

    x = pd.DataFrame({"city": ["Bern", "Oslo"] * 20})
    path = tmp_path / "m.joblib"
    opening.save(make_pipeline(OneHotEncoder(), linear_model.LinearRegression()).fit(x, np.arange(40.0)), path)
    found = refusals(STAGE, source(path, "sklearn"), tmp_path)
    assert {refusal.code for refusal in found} == {"unsupported-column", "unsupported-transformer"}


def test_missing_values_go_where_the_trees_send_them(tmp_path: Path) -> None:
    path = tmp_path / "m.joblib"
    model = tree.DecisionTreeClassifier(max_depth=5).fit(table(missing=True), answers(THREE))
    opening.save(model, path)
    hold(STAGE, source(path, "sklearn"), tmp_path)


def test_names_of_columns(tmp_path: Path) -> None:
    import pandas as pd

    x = pd.DataFrame(table(), columns=["größe", "a & b", "standardScaler", "target"])
    path = tmp_path / "m.joblib"
    opening.save(make_pipeline(StandardScaler(), linear_model.LinearRegression()).fit(x, answers(NUMBER)), path)
    document = hold(STAGE, source(path, "sklearn"), tmp_path)
    assert 'name="target_"' in document.path.read_text(encoding="utf-8")


def test_a_column_that_is_called_as_nyoka_calls_another_is_refused(tmp_path: Path) -> None:
    import pandas as pd

    x = pd.DataFrame(table()[:, :2], columns=["a", "standardScaler(a)"])
    path = tmp_path / "m.joblib"
    opening.save(make_pipeline(StandardScaler(), linear_model.LinearRegression()).fit(x, answers(NUMBER)), path)
    with pytest.raises(ConversionError) as caught:
        made(STAGE, source(path, "sklearn"), tmp_path)
    assert caught.value.code == "name-clash"


def test_the_contract(tmp_path: Path) -> None:
    from skops import io

    path = tmp_path / "m.skops"
    io.dump(linear_model.LinearRegression().fit(table(), answers(NUMBER)), path)
    check_stage(STAGE, Artifact(path, "sklearn"), tmp_path, NyokaOptions(target="price"))


def test_a_tree_that_is_too_deep_for_nyoka(tmp_path: Path) -> None:
    path = tmp_path / "m.joblib"
    line = np.arange(1200.0)
    opening.save(tree.DecisionTreeClassifier().fit(line[:, None], line % 2), path)
    with pytest.raises(ConversionError) as caught:
        made(STAGE, source(path, "sklearn"), tmp_path)
    assert caught.value.code == "nyoka-too-deep"

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.neighbors import KNeighborsRegressor
from skops import io

import sklearn_models as models
import sklearn_pipelines
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert_plugins.sklearn import Sklearn
from mlconvert_plugins.sklearntrees import forest, opening
from sklearn_models import Case


@pytest.fixture(scope="module")
def estimator() -> object:
    return models.fit(Case("RandomForestClassifier", task="three"))


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3)])
def test_pickles_are_told_by_their_content(estimator: object, compress: object, tmp_path: Path) -> None:
    path = tmp_path / "model"
    joblib.dump(estimator, path, compress=compress)
    assert Sklearn().sniff(path) == "joblib"
    assert Sklearn().executes(path, "joblib")


def test_skops_is_told_by_its_content(estimator: object, tmp_path: Path) -> None:
    path = tmp_path / "model"
    io.dump(estimator, path)
    assert Sklearn().sniff(path) == "skops"
    assert Sklearn().executes(path, "skops") is None


def test_what_is_none(tmp_path: Path) -> None:
    path = tmp_path / "model"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", "{}")
    assert Sklearn().sniff(path) is None
    for content in (b"", b"\x80\x04N.", pickle.dumps(np.zeros(3)), b"\x78\x9c broken", b"tree\nversion=v4"):
        path.write_bytes(content)
        assert Sklearn().sniff(path) is None
    assert Sklearn().sniff(tmp_path) is None


def test_a_pickle_is_not_run_without_trust(tmp_path: Path) -> None:
    marker = tmp_path / "ran"

    class Hostile:
        def __reduce__(self) -> object:
            return marker.touch, ()

    path = tmp_path / "model.joblib"
    joblib.dump(Hostile(), path)
    path.write_bytes(path.read_bytes() + b"sklearn.")
    assert Sklearn().sniff(path) == "joblib"
    with pytest.raises(ConversionError) as caught:
        Sklearn().signature(Artifact(path, "sklearn"))
    assert caught.value.code == "needs-trust"
    assert not marker.exists()


def test_a_broken_pickle_is_one_error(estimator: object, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    opening.save(estimator, path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ConversionError) as caught:
        Sklearn().signature(Artifact(path, "sklearn"), trust=True)
    assert caught.value.code == "bad-sklearn"


def test_the_signature(estimator: object, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    assert Sklearn().adopt(estimator, path) == "joblib"
    signature = Sklearn().signature(Artifact(path, "sklearn"), trust=True)
    assert list(map(str, signature.outputs)) == ["margin:float64[n,3]", "probability:float64[n,3]", "label:int64[n]"]
    assert [column.name for column in signature.columns] == ["x0", "x1", "x2", "x3", "x4"]
    assert signature.labels == (0, 5, 10)


def test_what_is_not_scikit_learns_is_nobodys(tmp_path: Path) -> None:
    for other in (object(), np.zeros(3), {"a": 1}):
        assert Sklearn().adopt(other, tmp_path / "model.joblib") is None


# --- pipelines -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pipeline() -> Any:
    return next(case for case in sklearn_pipelines.CASES if case.name.startswith("gaps")).fit()


@pytest.mark.parametrize("compress", [0, ("zlib", 3)])
def test_a_pickle_is_described_without_being_loaded(pipeline: Any, compress: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.joblib"
    joblib.dump(pipeline, path, compress=compress)
    description = Sklearn().describe(path)
    assert description["scikit_learn"] == sklearn.__version__
    assert description["classes"][:4] == ["Pipeline", "ColumnTransformer", "SimpleImputer", "StandardScaler"]
    assert description["classes"][-1] == "LogisticRegression"


def test_an_archive_is_described_and_opened_without_trust(pipeline: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.skops"
    io.dump(pipeline, path)
    assert Sklearn().describe(path)["scikit_learn"] == sklearn.__version__
    assert "SimpleImputer" in Sklearn().describe(path)["classes"]
    signature = Sklearn().signature(Artifact(path, "sklearn"))
    assert [column.type for column in signature.columns] == [
        "numeric", "numeric", "categorical", "categorical", "numeric", "numeric",
    ]  # fmt: skip


def test_an_archive_of_what_hands_memory_to_c_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.skops"
    x = np.random.default_rng(0).standard_normal((50, 2))
    io.dump(KNeighborsRegressor(algorithm="kd_tree").fit(x, x[:, 0]), path)
    with pytest.raises(ConversionError) as caught:
        Sklearn().signature(Artifact(path, "sklearn"))
    assert caught.value.code == "untrusted-type" and "KDTree" in caught.value.message


def test_trees_are_read_as_before(estimator: object, tmp_path: Path) -> None:
    """A forest's margins are its sums, which no pipeline has."""
    path = tmp_path / "m.joblib"
    opening.save(estimator, path)
    assert Sklearn().signature(Artifact(path, "sklearn"), trust=True) == forest.read(estimator).signature()

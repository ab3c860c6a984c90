"""LightGBM's models as PMML, held against LightGBM itself at every threshold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest

import boosted_documents
import lightgbm_models as models
from boosted_documents import made, prove
from converting import convert
from lightgbm_models import Case
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.testing import check_stage
from mlconvert.worker import Worker
from mlconvert_plugins.lightgbm2pmml import Lightgbm2Pmml
from mlconvert_plugins.pmml_runner import PmmlRunner
from mlconvert_plugins.trees.model import LIGHTGBM_ZERO

SMALL = {"verbosity": -1, "num_threads": 1, "num_leaves": 5, "min_data_in_leaf": 5}


def predicted(artifact: Artifact, x: np.ndarray) -> np.ndarray:
    with PmmlRunner(artifact) as runner:
        return runner.run({"x": x})["prediction"][:, 0]


def document(booster: lightgbm.Booster, folder: Path, **options: Any) -> Artifact:
    path = folder / "m.txt"
    booster.save_model(path)
    return made(Lightgbm2Pmml(), path, folder / "m.pmml", **options)


def refusal(booster: lightgbm.Booster, folder: Path, **options: Any) -> ConversionError:
    with pytest.raises(ConversionError) as caught:
        document(booster, folder, **options)
    return caught.value


# --- as LightGBM decides ---------------------------------------------------------------------------------


# What is refused by name has tests of its own.
SAMPLE = [case for case in models.sample(50) if "linear" not in str(case) and case.objective != "multiclassova"]


@pytest.mark.parametrize("case", SAMPLE, ids=str)
def test_a_sample_of_the_matrix(case: Case, tmp_path: Path) -> None:
    assert prove(models, case, tmp_path).verified > 0


@pytest.mark.parametrize("missing", models.MISSING)
@pytest.mark.parametrize("compact", [True, False])
def test_every_missing_rule_written_short_and_long(missing: str, compact: bool, tmp_path: Path) -> None:
    assert prove(models, Case("multiclass", missing=missing, categories="few"), tmp_path, compact=compact).rows > 1000


@pytest.mark.parametrize("objective", ["binary", "cross_entropy", "cross_entropy_lambda", "quantile sqrt", "tweedie"])
def test_every_link(objective: str, tmp_path: Path) -> None:
    assert prove(models, Case(objective, boosting="rf"), tmp_path).rows > 1000


def test_what_is_missing_and_nothing_else(tmp_path: Path) -> None:
    """LightGBM tells a NaN from all numbers by a threshold of infinity."""
    case = Case("multiclass", categories="few", extra="deep")
    assert prove(models, case, tmp_path).rows > 1000
    assert b" inf " in (tmp_path / "model.txt").read_bytes()


def test_what_is_next_to_zero_is_zero(tmp_path: Path) -> None:
    signs = np.repeat([-1.0, 0.0, 1.0], 50)
    booster = lightgbm.train({**SMALL, "objective": "regression"}, lightgbm.Dataset(signs[:, None], signs), 3)
    edge, beyond = LIGHTGBM_ZERO, np.nextafter(LIGHTGBM_ZERO, 1)
    x = np.array([[-1.0], [-beyond], [-edge], [0.0], [edge], [beyond], [1.0]])
    np.testing.assert_allclose(predicted(document(booster, tmp_path), x), booster.predict(x), rtol=1e-12)


# --- names, categories, labels -----------------------------------------------------------------------------

WORDS = ["plain", "two words", '"quoted"', "it's", "back\\slash", "", "<&>", "Zürich", " blank ", "x\u2003y", "🌲"]


def frame() -> tuple[pd.DataFrame, np.ndarray]:
    generator = np.random.default_rng(0)
    codes = generator.integers(0, len(WORDS), 400)
    columns = {
        "Größe": generator.standard_normal(400),
        "word": pd.Categorical.from_codes(codes, WORDS),
        "whole": pd.Categorical.from_codes(generator.integers(0, 3, 400), [10, 2**40, -7]),
        "real": pd.Categorical.from_codes(generator.integers(0, 3, 400), [1.5, 5e22, -2.0]),
        "flag": pd.Categorical.from_codes(generator.integers(0, 2, 400), [False, True]),
    }
    table = pd.DataFrame(columns)
    table.loc[::9, "word"] = None
    return table, np.sin(codes) + (table["whole"].cat.codes == 1) - (table["real"].cat.codes == 2)


@pytest.mark.parametrize("labels", [('no "way"', "yes <&> ja"), (False, True), (-3, 2**40)], ids=repr)
def test_names_categories_and_labels_stay_as_they_are(labels: tuple[Any, Any], tmp_path: Path, worker: Worker) -> None:
    table, signal = frame()
    label = np.array(labels, dtype=object if isinstance(labels[0], str) else None)[(signal > 0).astype(int)]
    given = {"n_estimators": 5, "min_data_per_group": 2, "cat_smooth": 0.1, "max_cat_to_onehot": 2, "verbosity": -1}
    model = lightgbm.LGBMClassifier(n_jobs=1, **given).fit(table, label)
    result = convert(worker, model, "pmml", out=tmp_path / "m.pmml")
    assert result.parity["status"] == "passed", result.parity
    signature = result.artifact.signature
    assert [column.name for column in signature.columns] == list(table.columns)
    assert signature.columns[1].categories == tuple(WORDS) and signature.labels == labels


def test_the_target_has_the_name_that_is_asked_for(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((100, 2))
    data = lightgbm.Dataset(x, x[:, 0], feature_name=["target", "other"])
    booster = lightgbm.train({**SMALL, "objective": "regression"}, data, 2)
    for asked, found in ((None, "target_"), ("churn & co", "churn &amp; co")):
        text = document(booster, tmp_path, target=asked).path.read_text(encoding="utf-8")
        assert f'<MiningField name="{found}" usageType="target"/>' in text
    assert refusal(booster, tmp_path, target="other").code == "bad-target"
    assert refusal(booster, tmp_path, target="a\x01").code == "unwritable-name"


def test_a_part_of_the_iterations_is_held_against_that_part(tmp_path: Path, worker: Worker) -> None:
    path = models.save(Case("regression"), tmp_path / "m")
    options = {"lightgbm2pmml": {"start_iteration": 2, "num_iteration": 3}}
    result = convert(worker, path, "pmml", out=tmp_path / "m.pmml", options=options)
    assert result.parity["status"] == "passed"
    assert result.manifest["route"][0]["facts"]["trees"] == 3


# --- refusals ----------------------------------------------------------------------------------------------


def test_linear_trees_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        prove(models, Case("regression", linear=True), tmp_path)
    assert caught.value.code == "linear-trees" and "--via forest" in caught.value.fix


def test_probabilities_that_are_no_distribution_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        prove(models, Case("multiclassova"), tmp_path)
    assert caught.value.code == "one-vs-all"


def test_a_category_that_xml_cannot_write_is_refused(tmp_path: Path) -> None:
    codes = np.arange(90) % 3
    table = pd.DataFrame({"city": pd.Categorical.from_codes(codes, ["Bern", "Rome", "Ba\tsel"])})
    booster = lightgbm.train({**SMALL, "objective": "regression"}, lightgbm.Dataset(table, codes), 2)
    error = refusal(booster, tmp_path)
    assert (error.code, error.where) == ("unwritable-category", "city")


def test_a_broken_model_is_refused_by_our_reader(tmp_path: Path) -> None:
    path = models.save(Case(), tmp_path / "m")
    path.write_bytes(path.read_bytes().replace(b"num_leaves=9", b"num_leaves=8", 1))
    with pytest.raises(ConversionError) as caught:
        made(Lightgbm2Pmml(), path, tmp_path / "m.pmml")
    assert "Tree=0" in caught.value.where


# --- the contract ------------------------------------------------------------------------------------------


def test_the_contract(tmp_path: Path) -> None:
    path = models.save(Case("multiclass", categories="few"), tmp_path / "m")
    check_stage(Lightgbm2Pmml(), Artifact(path, "lightgbm"), tmp_path)


def test_it_is_the_word_of_the_command_line(tmp_path: Path, worker: Worker) -> None:
    path = models.save(Case(), tmp_path / "m")
    result = convert(worker, path, "pmml", out=tmp_path / "m.pmml")
    assert result.parity["status"] == "passed" and boosted_documents.stage_of(models).licence == "AGPL-3.0"

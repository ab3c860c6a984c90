"""scikit-learn's pipelines as PMML, held against scikit-learn where JPMML by itself would answer otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn import ensemble, linear_model, multiclass, naive_bayes, neighbors, svm, tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)

from converting import convert
from mlconvert.artifact import Artifact
from mlconvert.compare import difference
from mlconvert.errors import ConversionError, refuse
from mlconvert.stage import Context
from mlconvert.testing import check_stage
from mlconvert.worker import Worker
from mlconvert_plugins.pmml_runner import PmmlRunner
from mlconvert_plugins.sklearn import Sklearn
from mlconvert_plugins.sklearn2pmml import Sklearn2Pmml, SklearnPmmlOptions
from mlconvert_plugins.sklearn_runner import SklearnRunner
from mlconvert_plugins.sklearntrees import opening
from sklearn_pipelines import NUMBERS, people, table

STAGE = Sklearn2Pmml()
LOGISTIC, LINEAR = linear_model.LogisticRegression, linear_model.LinearRegression
PEOPLE, WHOLE = people(), people(0)
SIGNAL = np.log(WHOLE["income"]) + (WHOLE["city"] == "Rome") + WHOLE["grade"]
TARGETS: Mapping[str, Any] = {
    "two": np.where(SIGNAL.median() < SIGNAL, "yes", "no"),
    "three": np.digitize(SIGNAL, SIGNAL.quantile([0.3, 0.6])) * 5,
    "number": SIGNAL.to_numpy(),
    "counts": np.round(SIGNAL.to_numpy()),
    "two numbers": np.column_stack([SIGNAL, -SIGNAL]),
}


def source(estimator: Any, folder: Path) -> Artifact:
    path = folder / "m.joblib"
    opening.save(estimator, path)
    found = Artifact(path, "sklearn", "joblib")
    return replace(found, signature=Sklearn().signature(found, trust=True))


def made(origin: Artifact, folder: Path, **options: Any) -> Artifact:
    """The document, by the stage's hooks in their order, in this process and its one JVM."""
    context, chosen, out = Context(folder, folder, trust=True), SklearnPmmlOptions(**options), folder / "m.pmml"
    refuse(STAGE.requires(origin, chosen, context))
    artifact = Artifact(out, "pmml", None, STAGE.convert(origin, chosen, out, context).signature)
    refuse(STAGE.ensures(artifact, context))
    return artifact


def hold(estimator: Any, folder: Path) -> set[str]:
    """Hold the document against scikit-learn; the names of the outputs that it has."""
    origin = source(estimator, folder)
    artifact = made(origin, folder)
    rows, named = 0, {tensor.name for tensor in artifact.signature.outputs}
    with SklearnRunner(origin, trust=True) as one, PmmlRunner(artifact) as other:
        for probe in Sklearn().probes(origin, 0):
            expected, got = one.run(probe.inputs), other.run(probe.inputs)
            rows += probe.sizes["n"]
            for name in named:
                found = difference(name, expected[name], got[name], STAGE.tolerance(origin, artifact))
                assert found.passed, (probe.label, found)
    assert rows > 100
    return named


# --- what JPMML by itself answers otherwise ----------------------------------------------------------------

CITY_GRADE = ["city", "grade"]
IGNORING = {"handle_unknown": "ignore"}
CODED = {"handle_unknown": "use_encoded_value", "unknown_value": -1}
MENDED: dict[str, tuple[Any, pd.DataFrame, str]] = {
    "a selector first": (make_pipeline(SelectKBest(k=1), LOGISTIC()), WHOLE[NUMBERS], "two"),
    "indicators of some columns": (table((SimpleImputer(add_indicator=True), NUMBERS)), PEOPLE, "number"),
    "indicators beside imputers": (table((MissingIndicator(), NUMBERS), (SimpleImputer(), NUMBERS)), PEOPLE, "number"),
    "whole numbers filled in": (
        table((SimpleImputer(strategy="constant", fill_value=-1), NUMBERS)), PEOPLE, "number",
    ),
    "bins at their edges": (table((KBinsDiscretizer(3, encode="ordinal"), NUMBERS)), WHOLE, "number"),
    "rows without a norm": (table((Normalizer(), ["member", "grade"])), WHOLE, "number"),
    "scaled twice": (table((make_union(StandardScaler(), StandardScaler(with_mean=False)), NUMBERS)), WHOLE, "number"),
    "rare and missing": (
        table((OneHotEncoder(min_frequency=60, handle_unknown="infrequent_if_exist"), ["city"])), WHOLE, "two",
    ),
    "a code for what is missing": (
        table((OrdinalEncoder(**CODED, encoded_missing_value=-2), ["city"])),
        PEOPLE,
        "two",
    ),
    "means of what is missing and unseen": (table((TargetEncoder(), CITY_GRADE)), PEOPLE, "number"),
    "slices": (table((StandardScaler(), slice(0, 2)), (OneHotEncoder(), slice("city", "member"))), WHOLE, "two"),
}  # fmt: skip


@pytest.mark.parametrize("name", MENDED)
def test_transformers(name: str, tmp_path: Path) -> None:
    transformer, rows, kind = MENDED[name]
    last = LINEAR() if kind == "number" else LOGISTIC()
    estimator = transformer if hasattr(transformer, "predict") else make_pipeline(transformer, last)
    hold(estimator.fit(rows, TARGETS[kind]), tmp_path)


ENCODED = table((StandardScaler(), ["income"]), (OneHotEncoder(**IGNORING), CITY_GRADE))
TREE, FOREST = tree.DecisionTreeClassifier(max_depth=4), ensemble.RandomForestClassifier(4, max_depth=4, random_state=0)
MODELS: dict[str, tuple[Any, str, set[str]]] = {
    "trees with a side for what is missing": (
        tree.DecisionTreeRegressor(max_depth=6, monotonic_cst=[1, *[0] * 8]), "number", {"prediction"},
    ),
    "extra trees on indicators": (ensemble.ExtraTreesClassifier(4, random_state=0), "three", {"probability", "label"}),
    "float32 beside float64": (
        ensemble.VotingClassifier([("a", LOGISTIC()), ("b", FOREST)], voting="soft"), "two", {"probability", "label"},
    ),
    "stacked pipelines": (
        ensemble.StackingClassifier([("a", make_pipeline(MinMaxScaler(), LOGISTIC())), ("b", TREE)], cv=2),
        "two",
        {"probability", "label"},
    ),
    "calibrated numbers": (CalibratedClassifierCV(svm.LinearSVC(), cv=2), "three", {"probability", "label"}),
    "one against the rest": (multiclass.OneVsRestClassifier(LOGISTIC()), "three", {"probability", "label"}),
    "margins alone": (svm.LinearSVC(), "three", {"label"}),
    "a vector machine": (svm.SVC(), "two", {"label"}),
    "neighbours": (neighbors.KNeighborsClassifier(3), "two", {"label"}),
    "naive Bayes far away": (naive_bayes.GaussianNB(), "two", {"probability", "label"}),
    "a logarithmic link": (
        ensemble.HistGradientBoostingRegressor(loss="poisson", max_iter=3), "counts", {"prediction"},
    ),
    "two outputs": (LINEAR(), "two numbers", {"prediction"}),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_models(name: str, tmp_path: Path) -> None:
    model, kind, outputs = MODELS[name]
    rows = PEOPLE
    if name == "naive Bayes far away":
        estimator = make_pipeline(table((StandardScaler(), ["income"]), ("passthrough", ["grade"])), model)
    else:
        estimator = make_pipeline(ENCODED, model)
    if name.startswith("trees"):
        model.set_params(monotonic_cst=[1, *[0] * 8])
    assert hold(estimator.fit(rows, TARGETS[kind]), tmp_path) == outputs


@pytest.mark.parametrize("lowercase", [True, False])
def test_words_of_all_scripts(lowercase: bool, tmp_path: Path) -> None:
    texts = np.array(
        ["Größe naïve Größe", "日本 poor", "naïve It's e-mail", "", "snake_case ÉCOLE test poor"] * 10, object
    )
    estimator = make_pipeline(TfidfVectorizer(lowercase=lowercase), LOGISTIC())
    hold(estimator.fit(np.array(texts, object), np.arange(50) % 5 < 2), tmp_path)


# --- names, categories, labels -----------------------------------------------------------------------------

WORDS = [
    "plain",
    "two words",
    '"quoted"',
    "it's",
    "back\\slash",
    "",
    "<&>",
    "Zürich",
    " blank ",
    "x\u2003y",
    "🌲",
    "1.0",
]


@pytest.mark.parametrize("labels", [('no "way"', "yes <&> ja"), (-3, 2**20)], ids=repr)
def test_names_categories_and_labels_stay_as_they_are(labels: tuple[Any, Any], tmp_path: Path, worker: Worker) -> None:
    generator = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "Größe & co": generator.standard_normal(300),
            "word": generator.choice(WORDS, 300),
            "data:real": generator.choice([1.5, 5e22, -2.0], 300),
            "target": generator.choice([10, 2**30, -7], 300),
        }
    )
    signal = rows["Größe & co"] + (rows["target"] == 10) + rows["word"].str.len() / 9
    label = np.array(labels, dtype=object if isinstance(labels[0], str) else None)[(signal > 0.7).astype(int)]
    encoded = ColumnTransformer([("codes", OneHotEncoder(**IGNORING), list(rows)[1:])], remainder="passthrough")
    result = convert(worker, make_pipeline(encoded, LOGISTIC()).fit(rows, label), "pmml", out=tmp_path / "m.pmml")
    assert result.parity["status"] == "passed", result.parity
    signature = result.artifact.signature
    assert [column.name for column in signature.columns] == list(rows)
    assert signature.columns[1].categories == tuple(sorted(WORDS)) and signature.labels == labels
    assert b'<DataField name="target_" ' in (tmp_path / "m.pmml").read_bytes()


def test_the_target_has_the_name_that_is_asked_for(tmp_path: Path) -> None:
    origin = source(make_pipeline(LINEAR()).fit(WHOLE[NUMBERS], SIGNAL), tmp_path)
    assert '<DataField name="a &amp; b"' in made(origin, tmp_path, target="a & b").path.read_text(encoding="utf-8")


# --- the contract ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "m.joblib"
    opening.save(make_pipeline(ENCODED, LOGISTIC()).fit(PEOPLE, TARGETS["two"]), path)
    return path


def test_the_contract(saved: Path, tmp_path: Path) -> None:
    path = saved.with_suffix(".skops")
    skops.io.dump(joblib.load(saved), path)
    check_stage(STAGE, Artifact(path, "sklearn"), tmp_path)


def test_a_damaged_weight_is_found(saved: Path, tmp_path: Path, worker: Worker) -> None:
    result = convert(worker, saved, "pmml", out=tmp_path / "m.pmml", trust=True)
    assert result.manifest["route"][0]["facts"]["verification_rows"] > 10
    text = result.artifact.path.read_text(encoding="utf-8")
    damaged = tmp_path / "damaged.pmml"
    damaged.write_text(text.replace('value="Rome" coefficient="', 'value="Rome" coefficient="1'), encoding="utf-8")
    assert damaged.read_text(encoding="utf-8") != text
    estimator = joblib.load(saved)
    origin = source(estimator, tmp_path)
    with SklearnRunner(origin, trust=True) as one, PmmlRunner(replace(result.artifact, path=damaged)) as other:
        rows = next(probe for probe in Sklearn().probes(origin, 0) if probe.sizes["n"] > 1).inputs
        assert not np.allclose(one.run(rows)["probability"], other.run(rows)["probability"])


def test_a_pickle_of_a_newer_scikit_learn_is_written_as_this_one_knows_it(tmp_path: Path) -> None:
    """JPMML looks at the version in the pickle, which is that of whoever pickled it last."""
    path = tmp_path / "m.joblib"
    joblib.dump(LINEAR().fit(WHOLE[NUMBERS], SIGNAL), path)
    path.write_bytes(path.read_bytes().replace(b"1.9.0", b"1.9.1"))
    with pytest.warns(InconsistentVersionWarning):
        origin = Artifact(path, "sklearn")
        made(replace(origin, signature=Sklearn().signature(origin, trust=True)), tmp_path)


# --- refused by name ---------------------------------------------------------------------------------------

TEXTS = np.array(["one two", "two three", "three"] * 20, object)
X, THREE = WHOLE[NUMBERS], TARGETS["three"]
REFUSED: list[tuple[Any, Any, Any, str, str]] = [
    (svm.SVC(), X, THREE, "unsupported-estimator", "SVC"),
    (neighbors.KNeighborsClassifier(), X, THREE, "unsupported-estimator", "KNeighborsClassifier n_neighbors"),
    (ensemble.BaggingClassifier(svm.LinearSVC(), 2), X, THREE, "unsupported-estimator", "BaggingClassifier estimator"),
    (
        ensemble.VotingClassifier([("a", LOGISTIC()), ("b", TREE)]), X, TARGETS["two"],
        "unsupported-estimator", "VotingClassifier voting",
    ),
    (make_pipeline(MinMaxScaler(clip=True), LINEAR()), X, SIGNAL, "unsupported-estimator", "MinMaxScaler clip"),
    (
        make_pipeline(table((OrdinalEncoder(min_frequency=60), ["city"])), LINEAR()), WHOLE, SIGNAL,
        "unsupported-estimator", "OrdinalEncoder min_frequency",
    ),
    (
        make_pipeline(CountVectorizer(token_pattern=r"[a-z]+(?=\d)?"), LOGISTIC()), TEXTS, np.arange(60) % 3 < 1,
        "unsupported-estimator", "CountVectorizer token_pattern",
    ),
    (
        make_pipeline(TfidfVectorizer(dtype=np.float32), LOGISTIC()), TEXTS, np.arange(60) % 3 < 1,
        "unsupported-estimator", "TfidfVectorizer dtype",
    ),
    (
        make_pipeline(CountVectorizer(analyzer="char"), LOGISTIC()), TEXTS, np.arange(60) % 3 < 1,
        "jpmml-refused", "CountVectorizer analyzer",
    ),
    (make_pipeline(StandardScaler(), ensemble.IsolationForest(n_estimators=2)), X, None, "unsupported-estimator",
     "IsolationForest"),
    (tree.DecisionTreeRegressor(max_depth=2), X, TARGETS["two numbers"], "unsupported-estimator",
     "DecisionTreeRegressor"),
    (
        make_pipeline(StandardScaler(), linear_model.SGDClassifier(loss="log_loss", alpha=1e-9, random_state=0)),
        X, THREE, "unsupported-estimator", "SGDClassifier",
    ),
    (
        make_pipeline(table((OneHotEncoder(), ["city"])), LOGISTIC()), WHOLE.replace("Rome", "Ro\tme"), TARGETS["two"],
        "unwritable-category", "city",
    ),
    (LOGISTIC(), X, np.where(THREE > 5, 2**40, 0), "unwritable-label", "classes_"),
    (LINEAR(), X.rename(columns={"age": "a\0b"}), SIGNAL, "unwritable-name", r"'a\x00b'"),
]  # fmt: skip


@pytest.mark.parametrize(("estimator", "x", "y", "code", "where"), REFUSED, ids=[one[-1] for one in REFUSED])
def test_what_is_refused_is_named(estimator: Any, x: Any, y: Any, code: str, where: str, tmp_path: Path) -> None:
    origin = source(estimator.fit(x, y), tmp_path)
    with pytest.raises(ConversionError) as caught:
        made(origin, tmp_path)
    assert (caught.value.code, caught.value.where) == (code, where)


def test_a_column_that_is_called_as_the_target(tmp_path: Path) -> None:
    origin = source(LINEAR().fit(X, SIGNAL), tmp_path)
    (refusal,) = STAGE.requires(origin, SklearnPmmlOptions(target="age"), Context(tmp_path, tmp_path, trust=True))
    assert refusal.code == "bad-target"


def test_a_pickle_needs_trust(saved: Path, worker: Worker) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(worker, saved, "pmml")
    assert caught.value.code == "needs-trust"

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost

import xgboost_models as models
from converting import convert
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.worker import Worker
from mlconvert_plugins.trees.score import Scorer
from mlconvert_plugins.xgboost import Xgboost
from mlconvert_plugins.xgboostfile import document, forest, ubjson
from xgboost_models import Case


@pytest.fixture(scope="module")
def booster() -> xgboost.Booster:
    return models.train(Case("multi:softprob", "dart", categories="few"))


@pytest.fixture
def entry(booster: xgboost.Booster) -> Any:
    return json.loads(booster.save_raw("json"))


def adopted(model: Any, tmp_path: Path) -> forest.Forest:
    path = tmp_path / "model.ubj"
    assert Xgboost().adopt(model, path) == "ubj"
    return forest.read(document.load(path.read_bytes()))


# --- telling and describing ----------------------------------------------------------------------------


def test_sniff(booster: xgboost.Booster, tmp_path: Path) -> None:
    path = tmp_path / "model"
    text, binary = (bytes(booster.save_raw(form)) for form in ("json", "ubj"))
    pretty = json.dumps(json.loads(text), indent=2).encode()
    other = [b'{"name": "x"}', b"{", b"[]", b"", b"tree\nversion=v4\n"]
    for content, flavour in ((text, "json"), (pretty, "json"), (binary, "ubj"), *((one, None) for one in other)):
        path.write_bytes(content)
        assert Xgboost().sniff(path) == flavour
    assert Xgboost().sniff(tmp_path) is None


def test_the_signature_names_columns_and_outputs(booster: xgboost.Booster, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    booster.save_model(path)
    signature = Xgboost().signature(Artifact(path, "xgboost"))
    assert list(map(str, signature.outputs)) == ["margin:float32[n,3]", "probability:float32[n,3]", "label:int64[n]"]
    assert [column.name for column in signature.columns] == ["f0", "f1", "f2", "f3", "f4"]
    assert signature.columns[4].type == "categorical"
    described = Xgboost().describe(path)
    assert (described["trees"], described["source"]["booster"]) == (18, "dart")


@pytest.mark.parametrize("booster_", ["gbtree", "dart"])
def test_both_forms_hold_the_same(booster_: str) -> None:
    trained = models.train(Case("reg:squarederror", booster_, "pruned", "many"))
    one, other = (forest.read(document.load(bytes(trained.save_raw(form)))) for form in ("json", "ubj"))
    np.testing.assert_array_equal(one.leaf_value, other.leaf_value)
    np.testing.assert_array_equal(one.tables.threshold, other.tables.threshold)
    assert (one.columns, one.decisions, one.source) == (other.columns, other.decisions, other.source)


def test_the_file_is_read_without_xgboost(booster: xgboost.Booster, tmp_path: Path) -> None:
    path = tmp_path / "model.ubj"
    booster.save_model(path)
    code = (
        "import sys\nfrom pathlib import Path\nfrom mlconvert_plugins.xgboost import Xgboost\n"
        f"Xgboost().describe(Path({str(path)!r}))\nassert 'xgboost' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- live models ---------------------------------------------------------------------------------------


def test_a_classifier_keeps_its_categories(tmp_path: Path, worker: Worker) -> None:
    generator = np.random.default_rng(0)
    x = pd.DataFrame(
        {
            "age": generator.normal(40, 10, 300),
            "city": pd.Categorical(generator.choice(["Rome", "Bern", "Oslo"], 300)),
            "stars": pd.Categorical(generator.choice([1, 2, 3], 300)),
        }
    )
    y = (x["age"] + 9 * (x["city"] == "Bern") > 42).astype(int)
    model = xgboost.XGBClassifier(n_estimators=5, max_depth=3, enable_categorical=True).fit(x, y)
    result = convert(worker, model, "forest", out=tmp_path / "churn.forest")
    assert result.parity["status"] == "passed", result.parity
    age, city, stars = result.artifact.signature.columns
    assert (city.categories, stars.categories, age.categories) == (("Bern", "Oslo", "Rome"), (1, 2, 3), None)
    codes = np.column_stack([x["age"], x["city"].cat.codes, x["stars"].cat.codes]).astype(float)
    answer = Scorer(adopted(model, tmp_path)).run(codes)
    np.testing.assert_array_equal(answer["margin"][:, 0], model.predict(x, output_margin=True))
    np.testing.assert_allclose(answer["probability"], model.predict_proba(x), rtol=1e-6)
    np.testing.assert_array_equal(answer["label"], model.predict(x))


def test_names_that_xgboost_itself_loses_are_left_out(tmp_path: Path) -> None:
    """XGBoost 3.2 cuts texts by characters that it stores as bytes: codes are all that can be trusted."""
    x = pd.DataFrame({"city": pd.Categorical(["Zürich", "Bern"] * 50)})
    model = xgboost.XGBClassifier(n_estimators=1, enable_categorical=True).fit(x, x["city"].cat.codes)
    (column,) = adopted(model, tmp_path).columns
    assert (column.type, column.categories) == ("categorical", None)


def test_early_stopping_keeps_the_iterations_that_predict_uses(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((200, 3)), generator.standard_normal(200)
    model = xgboost.XGBRegressor(n_estimators=40, early_stopping_rounds=5)
    model.fit(x[:100], y[:100], eval_set=[(x[100:], y[100:])], verbose=False)
    made = adopted(model, tmp_path)
    assert made.trees == model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    np.testing.assert_array_equal(Scorer(made).margins(x)[:, 0], model.predict(x))


@pytest.mark.parametrize(
    ("model", "code"),
    [
        (xgboost.XGBClassifier(), "not-fitted"),
        (xgboost.XGBRegressor(missing=0.0, n_estimators=1).fit(np.eye(3), [0, 1, 2]), "unsupported-parameter"),
    ],
)
def test_live_models_that_are_refused(model: Any, code: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        Xgboost().adopt(model, tmp_path / "model.ubj")
    assert caught.value.code == code


def test_what_is_not_xgboosts_is_nobodys(tmp_path: Path) -> None:
    for other in (object(), {"booster": 1}):
        assert Xgboost().adopt(other, tmp_path / "model.ubj") is None


# --- other versions' files -----------------------------------------------------------------------------


def test_dart_as_newer_versions_write_it(entry: Any, tmp_path: Path) -> None:
    """A gbtree whose model holds the weights; XGBoost 3.3 and older drop them without a word."""
    import mlconvert

    expected = forest.read(entry)
    outer = entry["learner"]["gradient_booster"]
    newer = outer["gbtree"]
    newer["model"]["weight_drop"] = outer["weight_drop"]
    entry["learner"]["gradient_booster"] = newer
    np.testing.assert_array_equal(forest.read(entry).leaf_value, expected.leaf_value)
    path = tmp_path / "newer.json"
    path.write_text(json.dumps(entry))
    if tuple(map(int, xgboost.__version__.split(".")[:2])) < (3, 4):
        with pytest.raises(ConversionError, match="drops the DART weights"), mlconvert.open(path):
            pass


def test_files_of_older_versions(entry: Any) -> None:
    """No iteration_indptr, no cats, one base_score, booleans for default_left."""
    learner = entry["learner"]
    learner["learner_model_param"]["base_score"] = "5E-1"
    entry["version"] = [1, 7, 6]
    model = learner["gradient_booster"]["gbtree"]["model"]
    for newer in ("iteration_indptr", "cats"):
        del model[newer]
    for tree in model["trees"]:
        tree["default_left"] = [bool(flag) for flag in tree["default_left"]]
    made = forest.read(entry, 1, 2)
    assert (made.trees, made.base.tolist()) == (6, [0.5, 0.5, 0.5])


# --- refused by name -----------------------------------------------------------------------------------

CHANGES: list[tuple[Callable[[Any], Any], str, str]] = [
    (lambda e: e.update(version=[4, 0, 0]), "unknown-version", "version"),
    (lambda e: e.update(colour="red"), "unknown-field", "the file"),
    (lambda e: e["learner"].update(colour="red"), "unknown-field", "learner"),
    (lambda e: e["learner"].pop("objective"), "bad-xgboost", "learner"),
    (lambda e: e["learner"]["objective"].update(name="reg:magic"), "unknown-objective", "objective"),
    (lambda e: e["learner"]["objective"].update(magic_param={}), "unknown-field", "objective"),
    (lambda e: e["learner"]["gradient_booster"].update(name="gblinear"), "unknown-booster", "gradient_booster"),
    (lambda e: e["learner"]["gradient_booster"]["weight_drop"].pop(), "bad-xgboost", "weight_drop"),
    (lambda e: e["learner"]["learner_model_param"].update(base_score="[1,2]"), "bad-xgboost", "base_score"),
    (lambda e: e["learner"]["learner_model_param"].update(base_score="x"), "bad-xgboost", "base_score"),
    (lambda e: e["learner"]["learner_model_param"].update(num_feature="7"), "bad-xgboost", "feature_types"),
    (lambda e: e["learner"]["learner_model_param"].update(num_feature="2000000000"), "too-many-columns", "num_feature"),
    (lambda e: e["learner"]["feature_types"].__setitem__(0, "z"), "bad-xgboost", "feature_types"),
    (lambda e: e["learner"].update(feature_names=["a"] * 5), "bad-xgboost", "feature_names"),
    (lambda e: model_of(e)["tree_info"].__setitem__(0, 3), "bad-xgboost", "tree_info"),
    (lambda e: model_of(e)["iteration_indptr"].__setitem__(1, 17), "bad-xgboost", "iteration_indptr"),
    (lambda e: model_of(e)["gbtree_model_param"].update(num_trees="5"), "bad-xgboost", "num_trees"),
    (lambda e: first(e).update(colour="red"), "unknown-field", "tree 0"),
    (lambda e: first(e)["tree_param"].update(size_leaf_vector="3"), "bad-xgboost", "tree_info"),
    (lambda e: first(e)["left_children"].__setitem__(0, 0), "bad-xgboost", "tree 0 left_children"),
    (lambda e: first(e)["right_children"].__setitem__(0, 1), "bad-xgboost", "tree 0 left_children"),
    (lambda e: first(e)["left_children"].__setitem__(0, 999), "bad-xgboost", "tree 0 left_children"),
    (lambda e: first(e)["split_indices"].__setitem__(0, 5), "bad-xgboost", "tree 0 split_indices"),
    (lambda e: first(e)["split_conditions"].__setitem__(0, "x"), "bad-xgboost", "tree 0 split_conditions"),
    (lambda e: first(e)["split_conditions"].__setitem__(-1, 1e99), "bad-xgboost", "tree 0 split_conditions"),
    (lambda e: first(e)["split_conditions"].__setitem__(-1, 1), "bad-xgboost", "tree 0 split_conditions"),
    (lambda e: first(e)["loss_changes"].pop(), "bad-xgboost", "tree 0 loss_changes"),
    (lambda e: first(e)["parents"].append(0), "bad-xgboost", "tree 0 parents"),
    (lambda e: first(e).update(id=1), "bad-xgboost", "tree 0 id"),
    (lambda e: first(e)["split_indices"].__setitem__(-1, -1), "bad-xgboost", "tree 0 split_indices"),
    (lambda e: first(e)["parents"].__setitem__(1, 2), "bad-xgboost", "tree 0 parents"),
    (lambda e: first(e)["tree_param"].update(num_deleted="1"), "bad-xgboost", "tree 0 num_deleted"),
    (lambda e: expectiles(e), "unsupported-objective", "objective"),
    (lambda e: first(e)["split_conditions"].pop(), "bad-xgboost", "tree 0 split_conditions"),
    (lambda e: first(e)["default_left"].__setitem__(0, 2), "bad-xgboost", "tree 0 split_type"),
    (lambda e: first(e).update(split_type=[1] * len(first(e)["left_children"])), "bad-xgboost", "tree 0 categories"),
]


def expectiles(entry: Any) -> None:
    """Two of them; XGBoost 3.4 keeps the second as a difference."""
    learner = entry["learner"]
    learner["objective"] = {"name": "reg:expectileerror", "expectile_loss_param": {"expectile_alpha": "[2E-1,8E-1]"}}
    learner["learner_model_param"].update(num_class="0", num_target="2", base_score="[0E0,0E0]")


def model_of(entry: Any) -> Any:
    return entry["learner"]["gradient_booster"]["gbtree"]["model"]


def first(entry: Any) -> Any:
    return model_of(entry)["trees"][0]


@pytest.mark.parametrize(("change", "code", "where"), CHANGES, ids=[f"{n}-{c[2]}" for n, c in enumerate(CHANGES)])
def test_what_is_not_known_is_named(entry: Any, change: Callable[[Any], Any], code: str, where: str) -> None:
    change(entry)
    with pytest.raises(ConversionError) as caught:
        forest.read(entry)
    assert (caught.value.code, caught.value.where) == (code, where)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1]",
        b'{"a": 1, "a": 2}',
        b"{L\0\0\0\0\0\0\0\x07learner{",
        b"{" + b"i\x01a{" * 100,
        b"{i\x01a[$l#L\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"{i\xff",
        b"{i\x01aX}",
        b"{i\x01a[$Z#i\x05}",
        b"{i\x01aTi\x01aT}",
        b"{i\x01aT}}",
    ],
)
def test_what_is_no_document(content: bytes) -> None:
    with pytest.raises(ConversionError) as caught:
        document.load(content) if b"learner" in content or content[:2] != b"{i" else ubjson.loads(content)
    assert caught.value.code == "bad-xgboost"


def test_ubjson_values() -> None:
    content = b"{i\x01aTi\x01bZi\x01c[i\x05Sl\0\0\0\x02hiD?\xf0\0\0\0\0\0\0]i\x01d[$I#U\x02\0\x01\xff\xff}"
    found = ubjson.loads(content)
    assert (found["a"], found["b"], found["c"], found["d"].tolist()) == (True, None, [5, "hi", 1.0], [1, -1])

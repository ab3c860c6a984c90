from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest

import lightgbm_models as models
from converting import convert
from lightgbm_models import Case
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.worker import Worker
from mlconvert_plugins.lightgbm import Lightgbm
from mlconvert_plugins.lightgbmtext import forest, sections
from mlconvert_plugins.trees.score import Scorer


@pytest.fixture(scope="module")
def text() -> bytes:
    return models.train(Case("binary", categories="few", linear=True)).model_to_string().encode()


def adopted(model: Any, tmp_path: Path) -> forest.Forest:
    path = tmp_path / "model.txt"
    assert Lightgbm().adopt(model, path) == ""
    return forest.read(sections.split(path.read_bytes()))


# --- telling and describing ----------------------------------------------------------------------------


def test_sniff(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.txt"
    for content, flavour in ((text, ""), (text[:100], ""), (b"tree\n", None), (b"", None), (b"\x89forest\n", None)):
        path.write_bytes(content)
        assert Lightgbm().sniff(path) == flavour
    assert Lightgbm().sniff(tmp_path) is None


def test_the_signature_names_columns_and_outputs(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.txt"
    path.write_bytes(text)
    signature = Lightgbm().signature(Artifact(path, "lightgbm"))
    assert [str(tensor) for tensor in signature.inputs] == ["x:float64[n,5]"]
    assert list(map(str, signature.outputs)) == ["margin:float64[n,1]", "probability:float64[n,2]", "label:int64[n]"]
    assert [column.type for column in signature.columns] == ["numeric"] * 4 + ["categorical"]
    described = Lightgbm().describe(path)
    assert described["trees"] == described["linear_trees"] == 6
    assert described["source"]["objective"] == "binary sigmoid:1"


# --- live models ---------------------------------------------------------------------------------------


def frame(rows: int = 300) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": generator.normal(40, 10, rows),
            "city": pd.Categorical(generator.choice(["Rome", "Bern", "Oslo"], rows)),
            "stars": pd.Categorical(generator.choice([1, 2, 3], rows)),
        }
    )


def test_a_classifier_keeps_its_classes_and_categories(tmp_path: Path, worker: Worker) -> None:
    x = frame()
    y = np.where(x["age"] + 9 * (x["city"] == "Bern") > 42, "stays", "leaves")
    model = lightgbm.LGBMClassifier(n_estimators=5, min_child_samples=5, verbosity=-1).fit(x, y)
    before = model.booster_.model_to_string()
    result = convert(worker, model, "forest", out=tmp_path / "churn.forest")
    assert result.parity["status"] == "passed", result.parity
    assert result.artifact.signature.labels == ("leaves", "stays")
    age, city, stars = result.artifact.signature.columns
    assert (city.categories, stars.categories, age.categories) == (("Bern", "Oslo", "Rome"), (1, 2, 3), None)
    assert model.booster_.model_to_string() == before, "the model is as it was"
    codes = np.column_stack([x["age"], x["city"].cat.codes, x["stars"].cat.codes]).astype(float)
    answer = Scorer(adopted(model, tmp_path)).run(codes)
    np.testing.assert_array_equal(answer["margin"][:, 0], model.predict(x, raw_score=True))
    np.testing.assert_allclose(answer["probability"], model.predict_proba(x), rtol=1e-14)
    assert answer["label"].tolist() == model.predict(x).tolist()


def test_ordered_categories_are_not_mistaken_for_the_models(tmp_path: Path) -> None:
    x = frame()
    x["stars"] = x["stars"].cat.as_ordered()
    model = lightgbm.LGBMRegressor(n_estimators=3, min_child_samples=5, verbosity=-1).fit(x, x["age"])
    city, stars = adopted(model, tmp_path).columns[1:]
    assert (city.categories, stars.type) == (None, "numeric")


def test_early_stopping_keeps_the_iterations_that_predict_uses(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((200, 3)), generator.standard_normal(200)
    data = lightgbm.Dataset(x[:100], y[:100])
    parameters = {"verbosity": -1, "early_stopping_round": 5, "min_data_in_leaf": 3, "metric": "l2"}
    valid = lightgbm.Dataset(x[100:], y[100:], reference=data)
    booster = lightgbm.train(parameters, data, 50, valid_sets=[valid], keep_training_booster=True)
    made = adopted(booster, tmp_path)
    assert made.trees == booster.best_iteration < booster.num_trees()
    np.testing.assert_array_equal(Scorer(made).margins(x)[:, 0], booster.predict(x))


@pytest.mark.parametrize("kept", [False, True])
def test_digits_of_sigmoid_that_the_text_loses(kept: bool, tmp_path: Path) -> None:
    """Training ends with a round through the text, unless the Booster is kept for more training."""
    x = np.random.default_rng(0).standard_normal((200, 3))
    parameters = {"objective": "binary", "sigmoid": 1.23456789, "verbosity": -1}
    data = lightgbm.Dataset(x, x[:, 0] > 0)
    booster = lightgbm.train(parameters, data, 5, keep_training_booster=kept)
    if kept:
        with pytest.raises(ConversionError, match=r"1\.23457 for a sigmoid"):
            adopted(booster, tmp_path)
    else:
        np.testing.assert_allclose(Scorer(adopted(booster, tmp_path)).run(x)["probability"][:, 1], booster.predict(x))


def test_what_is_not_lightgbms_is_nobodys(tmp_path: Path) -> None:
    for other in (object(), {"booster": 1}, "model.txt"):
        assert Lightgbm().adopt(other, tmp_path / "model.txt") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("model", "code"),
    [
        (lightgbm.LGBMClassifier(), "not-fitted"),
        (lightgbm.LGBMRegressor(pred_early_stop=True, n_estimators=1, verbosity=-1), "unsupported-parameter"),
    ],
)
def test_live_models_that_are_refused(model: Any, code: str, tmp_path: Path) -> None:
    if code != "not-fitted":
        model.fit(np.arange(60.0)[:, None], np.arange(60.0))
    with pytest.raises(ConversionError) as caught:
        Lightgbm().adopt(model, tmp_path / "model.txt")
    assert caught.value.code == code


# --- other texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"end of trees\n", b""])
def test_texts_of_version_2(text: bytes, end: bytes) -> None:
    """The earliest of them have no end of trees."""
    older = text.replace(b"version=v4", b"version=v2").replace(b"feature_importances", b"feature importances")
    older = older.replace(b"end of trees\n", end)
    made, expected = (forest.read(sections.split(one)) for one in (older, text))
    np.testing.assert_array_equal(made.leaf_value, expected.leaf_value)
    with pytest.raises(ConversionError, match="do not end"):
        forest.read(sections.split(text.replace(b"end of trees\n", b"")))


def test_line_ends_that_tree_sizes_does_not_count(text: bytes, tmp_path: Path) -> None:
    """LightGBM itself ends its process over them."""
    path = tmp_path / "model.txt"
    path.write_bytes(text.replace(b"\n", b"\r\n"))
    assert Lightgbm().sniff(path) == ""
    with pytest.raises(ConversionError, match="CRLF") as caught:
        forest.read(sections.split(path.read_bytes()))
    assert caught.value.code == "crlf"


def test_odd_names_of_columns(tmp_path: Path) -> None:
    names = ["a=b", "größe", "日本", "x y", "-1"]
    x = np.random.default_rng(0).standard_normal((60, len(names)))
    data = lightgbm.Dataset(x, x[:, 0], feature_name=names)
    booster = lightgbm.train({"verbosity": -1, "min_data_in_leaf": 5}, data, 2)
    made = adopted(booster, tmp_path)
    assert [column.name for column in made.columns] == ["a=b", "größe", "日本", "x_y", "-1"]
    np.testing.assert_array_equal(Scorer(made).margins(x)[:, 0], booster.predict(x))


# --- refused by name -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ("version=v4", "version=v9", "unknown-version", "version"),
        ("num_class=1", "num_class=1\nnum_stars=5", "unknown-field", "header"),
        ("num_class=1\n", "", "bad-lightgbm", "header"),
        ("objective=binary sigmoid:1", "objective=ternary", "unknown-objective", "objective"),
        ("objective=binary sigmoid:1", "objective=binary sigmoid:-1", "bad-lightgbm", "objective"),
        ("objective=binary sigmoid:1", "objective=binary", "unknown-objective", "objective"),
        ("objective=binary sigmoid:1", "objective=huber sqrt", "unknown-objective", "objective"),
        ("Column_1", "Column_0", "bad-lightgbm", "feature_names"),
        ("max_feature_idx=4", "max_feature_idx=5", "bad-lightgbm", "feature_names"),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=2", "bad-lightgbm", "num_tree_per_iteration"),
        ("\nshrinkage=", "\nsprinkage=", "unknown-field", "Tree=0"),
        ("end of parameters", "End of parameters", "bad-lightgbm", "parameters"),
        ("pandas_categorical:null", "pandas_categorical:{", "bad-lightgbm", "pandas_categorical"),
    ],
)
def test_what_is_not_known_is_named(text: bytes, old: str, new: str, code: str, where: str) -> None:
    assert old.encode() in text
    with pytest.raises(ConversionError) as caught:
        forest.read(sections.split(text.replace(old.encode(), new.encode(), 1)))
    assert (caught.value.code, caught.value.where) == (code, where)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("num_leaves", b"8", "bad-lightgbm"),
        ("num_leaves", b"0", "bad-lightgbm"),
        ("left_child", b"1 1 1 1 1 1 1 1", "bad-lightgbm"),
        ("left_child", b"0 -1 -1 -1 -1 -1 -1 -1", "bad-lightgbm"),
        ("split_feature", b"9 0 0 0 0 0 0 0", "bad-lightgbm"),
        ("split_feature", b"-1 0 0 0 0 0 0 0", "bad-lightgbm"),
        ("threshold", b"1e999 0 0 0 0 0 0 0", "bad-lightgbm"),
        ("threshold", b"nan 0 0 0 0 0 0 0", "bad-lightgbm"),
        ("threshold", b"1_0 0 0 0 0 0 0 0", "bad-lightgbm"),
        ("decision_type", b"12 0 0 0 0 0 0 0", "unknown-decision"),
        ("decision_type", b"1 1 1 1 1 1 1 1", "bad-lightgbm"),
        ("leaf_value", b"inf 0 0 0 0 0 0 0 0", "bad-lightgbm"),
        ("is_linear", b"2", "bad-lightgbm"),
        ("num_features", b"-1 1 0 0 0 0 0 0 0", "bad-lightgbm"),
        ("leaf_const", b"", "bad-lightgbm"),
        ("split_gain", b"x", "bad-lightgbm"),
    ],
)
def test_a_tree_that_does_not_hold_together(text: bytes, key: str, value: bytes, code: str) -> None:
    with pytest.raises(ConversionError) as caught:
        forest.read(sections.split(with_first(text, key, value)))
    assert caught.value.code == code
    assert caught.value.where.startswith("Tree=0")


def with_first(text: bytes, key: str, value: bytes) -> bytes:
    """The text with a field of its first tree changed, and tree_sizes with it."""
    start = text.index(f"\n{key}=".encode(), text.index(b"Tree=0")) + len(key) + 2
    end = text.index(b"\n", start)
    change = len(value) - (end - start)
    text = text[:start] + value + text[end:]
    first = text.index(b"tree_sizes=") + len("tree_sizes=")
    size = text[first:].split(b" ", 1)[0]
    return text[:first] + str(int(size) + change).encode() + text[first + len(size) :]


def test_trees_in_another_order_of_nodes_keep_their_leaf_numbers() -> None:
    """No LightGBM writes such a text; LightGBM reads it."""
    booster = models.train(Case("regression"))
    text = booster.model_to_string(num_iteration=1).encode()
    swapped = (
        text.replace(b"left_child=", b"LEFT=")
        .replace(b"right_child=", b"left_child=")
        .replace(b"LEFT=", b"right_child=")
    )
    made = forest.read(sections.split(swapped))
    assert made.labelling == "listed"
    x = models.rows(Case("regression"), np.random.default_rng(0))
    other = lightgbm.Booster(model_str=swapped.decode())
    scorer = Scorer(made)
    np.testing.assert_array_equal(scorer.margins(x)[:, 0], other.predict(x))
    assert made.leaf_label is not None
    np.testing.assert_array_equal(made.leaf_label[scorer.leaves(x)[:, 0]], other.predict(x, pred_leaf=True)[:, 0])


def test_the_text_is_read_without_lightgbm(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.txt"
    path.write_bytes(text)
    code = (
        "import sys\nfrom pathlib import Path\nfrom mlconvert.artifact import Artifact\n"
        "from mlconvert_plugins.lightgbm import Lightgbm\n"
        f"Lightgbm().describe(Path({str(path)!r}))\nassert 'lightgbm' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

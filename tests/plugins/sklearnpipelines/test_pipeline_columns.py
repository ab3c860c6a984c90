from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import cluster, ensemble, linear_model
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from mlconvert.errors import ConversionError
from mlconvert.signature import Column
from mlconvert_plugins.sklearnpipelines import probing
from mlconvert_plugins.sklearnpipelines.model import Model
from sklearn_pipelines import CASES, LOGISTIC, NUMBERS, people, table

PEOPLE, WHOLE, LABEL = people(), people(0), np.arange(300) % 2
CODED = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)


def model(transformer: Any, rows: Any = PEOPLE) -> Model:
    return Model(make_pipeline(transformer, StandardScaler(with_mean=False), LOGISTIC()).fit(rows, LABEL))


def test_every_type_of_column() -> None:
    made = model(
        table(
            (SimpleImputer(), ["age"]),
            (StandardScaler(), ["income"]),
            (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), ["city"]),
            (OneHotEncoder(), ["grade", "member"]),
            (CountVectorizer(), "review"),
        )
    )
    assert made.signature.columns == (
        Column("age", "numeric", None, "nan"),
        Column("income", "numeric", None, "refused"),
        Column("city", "categorical", ("Bern", "Rome", "São Paulo", "x & <y>"), "nan"),
        Column("grade", "categorical", (1, 2, 3), "refused"),
        Column("member", "boolean", None, "refused"),
        Column("review", "text"),
    )
    assert list(map(str, made.signature.inputs)) == ["x:float64[n,5]", "review:string[n]"]
    assert list(map(str, made.signature.outputs)) == [
        "margin:float64[n,1]",
        "probability:float64[n,2]",
        "label:int64[n]",
    ]
    assert made.unseen == [False] * 5


def test_a_category_that_nobody_knows_where_the_encoder_takes_it() -> None:
    assert model(table((CODED, ["city", "grade"])), WHOLE[["city", "grade", "age"]]).unseen == [True, True, False]


def test_a_column_that_is_a_number_too_is_a_number() -> None:
    made = model(table((OneHotEncoder(), ["grade"]), (StandardScaler(), ["grade"])), PEOPLE[["grade"]])
    assert made.signature.columns == (Column("grade", "numeric", None, "refused"),)


def test_columns_without_names() -> None:
    made = model("passthrough", PEOPLE[["income", "grade"]].to_numpy())
    assert [column.name for column in made.signature.columns] == ["x0", "x1"]


def test_texts_alone_are_no_table() -> None:
    made = model(CountVectorizer(), PEOPLE["review"].to_numpy(object))
    assert list(map(str, made.signature.inputs)) == ["x0:string[n]"]


def test_an_answer_is_the_estimators() -> None:
    made = model(table((OneHotEncoder(), ["city", "member"]), (SimpleImputer(), NUMBERS)))
    rows, cities = PEOPLE.head(50), made.signature.columns[2].categories or ()
    codes = rows["city"].map({city: code for code, city in enumerate(cities)})
    # The review is a column that no part asks for: any number will do.
    x = rows.assign(city=codes, review=0.0).to_numpy(np.float64)
    np.testing.assert_array_equal(made.answer({"x": x})["probability"], made.estimator.predict_proba(rows))


def test_inputs_that_are_none_of_the_signature() -> None:
    made = model(table((SimpleImputer(), NUMBERS), (CountVectorizer(), "review")))
    texts = np.array(["a"], dtype=object)
    for inputs in (
        {},
        {"x": np.zeros((1, 5))},
        {"x": np.zeros((2, 5)), "review": texts},
        {"y": texts, "review": texts},
    ):
        with pytest.raises(ConversionError) as caught:
            made.answer(inputs)
        assert caught.value.code == "bad-input"


def test_single_precision_is_told() -> None:
    import xgboost

    made = Model(xgboost.XGBRegressor(n_estimators=2, n_jobs=1).fit(PEOPLE[NUMBERS], LABEL))
    assert str(made.signature.outputs[0]) == "prediction:float32[n,1]"


@pytest.mark.parametrize(
    ("estimator", "code", "where"),
    [
        (make_pipeline(StandardScaler()), "unsupported-estimator", "Pipeline"),
        (cluster.KMeans(2, n_init=1), "unsupported-estimator", "KMeans"),
        (make_pipeline(StandardScaler(), cluster.KMeans(2, n_init=1)), "unsupported-estimator", "KMeans"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_predicts_nothing_is_named(estimator: Any, code: str, where: str) -> None:
    fitted = estimator.fit(PEOPLE[["income", "grade"]], LABEL)
    with pytest.raises(ConversionError) as caught:
        Model(fitted)
    assert (caught.value.code, caught.value.where) == (code, where)


def test_an_estimator_that_is_not_fitted() -> None:
    with pytest.raises(ConversionError) as caught:
        Model(make_pipeline(StandardScaler(), linear_model.Ridge()))
    assert caught.value.code == "not-fitted"


# --- rows that test it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES[16:20], ids=str)
def test_rows_are_taken_and_the_same_twice(case: Any) -> None:
    made = Model(case.fit())
    first, again = list(probing.probes(made, 3)), list(probing.probes(made, 3))
    for one, other in zip(first, again, strict=True):
        assert made.takes(one.inputs) and one.label == other.label
        for name, values in one.inputs.items():
            np.testing.assert_array_equal(values, other.inputs[name])


def test_rows_stand_on_both_sides_of_every_threshold() -> None:
    forest = ensemble.RandomForestRegressor(2, max_depth=3, random_state=0)
    made = Model(make_pipeline(StandardScaler(), forest).fit(PEOPLE[["income"]], PEOPLE["grade"]))
    rows = np.concatenate([probe.inputs["x"] for probe in probing.probes(made, 0)])
    scaled = made.estimator[0].transform(pd.DataFrame(rows, columns=["income"]))[:, 0].astype(np.float32)
    for one in forest.estimators_:
        asked = one.tree_.threshold[one.tree_.children_left >= 0]
        below = [(scaled[scaled <= threshold]).max() for threshold in asked]
        above = [(scaled[scaled > threshold]).min() for threshold in asked]
        np.testing.assert_array_less(np.subtract(above, below), 1e-5)


def test_rows_hold_what_is_missing_unseen_and_strange() -> None:
    rows = PEOPLE.assign(city=WHOLE["city"])
    made = model(table((CODED, ["city"]), (SimpleImputer(), ["age"]), (CountVectorizer(), "review")), rows)
    probes = list(probing.probes(made, 0))
    x = np.concatenate([probe.inputs["x"] for probe in probes])
    assert np.isnan(x[:, 0]).any() and (x[:, 2] == 4).any()
    texts = " ".join(text for probe in probes for text in probe.inputs["review"])
    assert "snake_case" in texts and "日本語" in texts and "\n" in texts

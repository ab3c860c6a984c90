"""Thirty pipelines of scikit-learn, on its public data and on tables with gaps, categories, texts and booleans."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import xgboost
from sklearn import datasets, ensemble, linear_model, naive_bayes, neighbors, neural_network, svm, tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectFromModel, SelectKBest
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

ROWS = 300
NUMBERS, CITY = ["age", "income"], ["city"]
WORDS = ("great", "poor", "fast", "slow", "naïve", "Größe", "it's", "e-mail", "test", "snake_case", "one", "two")


@dataclass(frozen=True)
class Case:
    """One pipeline. `refused` is the step and the parameter that are named where it is refused."""

    name: str
    data: str
    make: Callable[[], Any]
    refused: str = ""

    def __str__(self) -> str:
        return self.name

    def fit(self) -> Any:
        """The fitted pipeline, of few iterations."""
        x, y = DATA[self.data]()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return self.make().fit(x, y)


def people(gaps: float = 0.1) -> pd.DataFrame:
    """A table with numbers, text, categories of three kinds, and gaps in two columns."""
    generator = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "age": generator.normal(40, 12, ROWS),
            "income": np.exp(generator.normal(8, 1, ROWS)),
            "city": generator.choice(["Bern", "Rome", "São Paulo", "x & <y>"], ROWS, p=[0.5, 0.3, 0.15, 0.05]),
            "grade": generator.integers(1, 4, ROWS),
            "member": generator.random(ROWS) < 0.5,
            "review": [" ".join(generator.choice(WORDS, generator.integers(0, 9))) for _ in range(ROWS)],
        }
    )
    table.loc[generator.random(ROWS) < gaps, "age"] = np.nan
    table.loc[generator.random(ROWS) < gaps, "city"] = np.nan
    return table


def _signal(table: pd.DataFrame) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, 0.5, len(table))
    rich = np.log(table["income"]) + 2 * (table["city"] == "Rome") + table["grade"] + table["member"]
    praised = table["review"].str.count("great") - table["review"].str.count("poor")
    return np.asarray(rich + np.nan_to_num(table["age"]) / 30 + praised + noise)


def _labelled(table: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    signal = _signal(table)
    return table, np.where(signal > np.quantile(signal, 0.45), "yes", "no")


def _graded(table: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    signal = _signal(table)
    return table, np.digitize(signal, np.quantile(signal, [0.3, 0.6])) * 5


DATA: dict[str, Callable[[], tuple[Any, Any]]] = {
    "iris": lambda: datasets.load_iris(return_X_y=True, as_frame=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "breast cancer": lambda: datasets.load_breast_cancer(return_X_y=True, as_frame=True),
    "diabetes": lambda: datasets.load_diabetes(return_X_y=True),
    "digits": lambda: datasets.load_digits(return_X_y=True),
    "people": lambda: _labelled(people()),
    "people, whole": lambda: _labelled(people(0)),
    "people, graded": lambda: _graded(people()),
    "people, signal": lambda: (people(), _signal(people())),
    "reviews": lambda: (people()["review"].to_numpy(object), _labelled(people())[1]),
}


def table(*transformers: tuple[Any, Any], remainder: Any = "drop") -> ColumnTransformer:
    """A ColumnTransformer of pairs."""
    named = [(f"t{number}", *pair) for number, pair in enumerate(transformers)]
    return ColumnTransformer(named, remainder=remainder)


def encoder(**given: Any) -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="ignore", **given)


def trees(name: str, **given: Any) -> Any:
    return getattr(ensemble, name)(n_estimators=5, random_state=0, **given)


LOGISTIC = linear_model.LogisticRegression

CASES = (
    Case("scaled, logistic", "iris", lambda: make_pipeline(StandardScaler(), LOGISTIC())),
    Case("robust, linear vector machine", "wine", lambda: make_pipeline(RobustScaler(), svm.LinearSVC())),
    Case("pairs of classes", "wine", lambda: make_pipeline(StandardScaler(), svm.SVC()), "SVC"),
    Case("vector machine", "breast cancer", lambda: make_pipeline(StandardScaler(), svm.SVC(kernel="poly"))),
    Case("naive Bayes", "wine", naive_bayes.GaussianNB),
    Case("principal components", "digits", lambda: make_pipeline(PCA(12), LOGISTIC(max_iter=200))),
    Case(
        "perceptron",
        "digits",
        lambda: make_pipeline(
            MinMaxScaler(), neural_network.MLPClassifier(hidden_layer_sizes=(16,), max_iter=30, random_state=0)
        ),
    ),
    Case("clipped", "digits", lambda: make_pipeline(MinMaxScaler(clip=True), LOGISTIC()), "MinMaxScaler clip"),
    Case(
        "neighbours that vote", "iris", lambda: make_pipeline(StandardScaler(), neighbors.KNeighborsClassifier(5)),
        "KNeighborsClassifier n_neighbors",
    ),
    Case(
        "neighbours by distance",
        "diabetes",
        lambda: make_pipeline(MaxAbsScaler(), neighbors.KNeighborsRegressor(4, weights="distance")),
    ),
    Case(
        "selected",
        "breast cancer",
        lambda: make_pipeline(
            SelectKBest(k=8), StandardScaler(), SelectFromModel(LOGISTIC()), trees("RandomForestClassifier")
        ),
    ),
    Case(
        "powers and ridge",
        "diabetes",
        lambda: make_pipeline(PolynomialFeatures(2), StandardScaler(), linear_model.Ridge()),
    ),
    Case(
        "logarithm of the target",
        "diabetes",
        lambda: TransformedTargetRegressor(
            make_pipeline(StandardScaler(), linear_model.Lasso(0.01)), func=np.log1p, inverse_func=np.expm1
        ),
    ),
    Case(
        "stacked",
        "breast cancer",
        lambda: ensemble.StackingClassifier(
            [("line", make_pipeline(StandardScaler(), LOGISTIC())), ("trees", trees("ExtraTreesClassifier"))], cv=2
        ),
    ),
    Case(
        "voting",
        "iris",
        lambda: ensemble.VotingClassifier(
            [("line", make_pipeline(StandardScaler(), LOGISTIC())), ("tree", tree.DecisionTreeClassifier(max_depth=3))],
            voting="soft",
        ),
    ),
    Case(
        "calibrated",
        "wine",
        lambda: make_pipeline(StandardScaler(), CalibratedClassifierCV(svm.LinearSVC(), cv=2)),
    ),
    Case(
        "gaps, categories and a logistic",
        "people",
        lambda: make_pipeline(
            table(
                (make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), NUMBERS),
                (make_pipeline(SimpleImputer(strategy="most_frequent"), encoder(drop="first")), CITY),
                (OneHotEncoder(), ["grade"]),
                ("passthrough", ["member"]),
            ),
            LOGISTIC(),
        ),
    ),
    Case(
        "rare categories",
        "people, whole",
        lambda: make_pipeline(
            table(
                (OneHotEncoder(min_frequency=60, handle_unknown="infrequent_if_exist"), CITY), (Normalizer(), NUMBERS)
            ),
            LOGISTIC(),
        ),
    ),
    Case(
        "nested columns",
        "people, whole",
        lambda: make_pipeline(
            table(
                (table((StandardScaler(), [0]), (FunctionTransformer(np.log), [1])), slice(0, 2)),
                (OneHotEncoder(drop="if_binary"), ["city", "member"]),
                ("drop", ["review"]),
                remainder=MinMaxScaler(),
            ),
            linear_model.SGDClassifier(loss="log_loss", random_state=0),
        ),
    ),
    Case(
        "bins and unions",
        "people, signal",
        lambda: make_pipeline(
            table(
                (
                    Pipeline([
                        ("fill", SimpleImputer()),
                        ("both", FeatureUnion([("bins", KBinsDiscretizer(4)), ("plain", "passthrough")])),
                    ]),
                    NUMBERS,
                ),
                (Binarizer(threshold=2), ["grade"]),
                (MissingIndicator(), ["age"]),
            ),
            linear_model.ElasticNet(0.01),
        ),
    ),
    Case(
        "means of targets",
        "people, signal",
        lambda: make_pipeline(
            table((TargetEncoder(), ["city", "grade"]), (SimpleImputer(), NUMBERS)),
            trees("GradientBoostingRegressor", max_depth=3),
        ),
    ),
    Case(
        "forest with gaps",
        "people, graded",
        lambda: make_pipeline(
            table((StandardScaler(), NUMBERS), (encoder(), ["city", "grade"]), remainder="drop"),
            trees("RandomForestClassifier", max_depth=6),
        ),
    ),
    Case(
        "histograms",
        "people, graded",
        lambda: make_pipeline(
            table(
                (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), CITY),
                (RobustScaler(), NUMBERS),
                remainder="drop",
            ),
            ensemble.HistGradientBoostingClassifier(max_iter=5),
        ),
    ),
    Case(
        "rates by histograms",
        "people, signal",
        lambda: make_pipeline(
            table((StandardScaler(), NUMBERS)), ensemble.HistGradientBoostingRegressor(loss="poisson", max_iter=5)
        ),
    ),
    Case(
        "LightGBM",
        "people, graded",
        lambda: make_pipeline(
            table((StandardScaler(), NUMBERS), (encoder(), ["city", "grade"])),
            lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1),
        ),
    ),
    Case(
        "XGBoost",
        "people, signal",
        lambda: make_pipeline(
            table((SimpleImputer(), NUMBERS), (encoder(), ["city", "grade"])),
            xgboost.XGBRegressor(n_estimators=5, n_jobs=1),
        ),
    ),
    Case("counts of words", "reviews", lambda: make_pipeline(CountVectorizer(), naive_bayes.MultinomialNB())),
    Case(
        "words beside numbers",
        "people",
        lambda: make_pipeline(
            table((TfidfVectorizer(ngram_range=(1, 2)), "review"), (SimpleImputer(), ["age"]), (encoder(), CITY)),
            LOGISTIC(),
        ),
    ),
    Case(
        "meanings of words",
        "reviews",
        lambda: make_pipeline(
            TfidfVectorizer(sublinear_tf=True, lowercase=False), TruncatedSVD(4, random_state=0), LOGISTIC()
        ),
    ),
    Case(
        "hashed words", "reviews", lambda: make_pipeline(HashingVectorizer(n_features=32), LOGISTIC()),
        "HashingVectorizer",
    ),
)  # fmt: skip
SAMPLE = [CASES[number] for number in (2, 13, 16, 19, 24, 27)]

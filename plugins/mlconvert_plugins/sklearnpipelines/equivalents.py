"""Parts of scikit-learn that do what another one does, in words that JPMML-SkLearn gets right. All are fitted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def kept(mask: np.ndarray) -> Any:
    """A selector as the columns that it keeps: JPMML would compute most selections again, or does not know how."""
    import numpy as np

    return _branches([("kept", "passthrough", np.flatnonzero(mask).tolist())], len(mask))


# Python's words are letters, numbers and the underscore of all scripts, Java's those of ASCII. Runs that are as long as
# they can be have their edges by themselves.
_WORD = r"[\p{L}\p{N}_]"
TOKENS = {
    **dict.fromkeys((r"(?u)\b\w\w+\b", r"\b\w\w+\b"), _WORD + "{2,}"),
    **dict.fromkeys((r"(?u)\b\w+\b", r"\b\w+\b", r"\w+", r"(?u)\w+"), _WORD + "+"),
}


def tokenised(vectorizer: Any) -> Any:
    """A vectorizer with its words in Java's regular expressions."""
    vectorizer.token_pattern = TOKENS.get(vectorizer.token_pattern, vectorizer.token_pattern)
    return vectorizer


def _branches(transformers: list[tuple[str, Any, list[int]]], columns: int) -> Any:
    """A ColumnTransformer of fitted transformers."""
    import numpy as np
    from sklearn.compose import ColumnTransformer

    made = ColumnTransformer([("all", "passthrough", list(range(columns)))]).fit(np.zeros((1, columns)))
    made.transformers = made.transformers_ = transformers
    made._transformer_to_input_indices = {name: chosen for name, _, chosen in transformers}
    return made


def imputed(imputer: Any, *, apart: bool) -> Any:
    """An imputer column by column, in fields of their own, where somebody else asks for what is missing.

    JPMML replaces missing values of a column where it enters the model, for every other step that sees it too, and
    knows indicators of all columns or none.
    """
    import numpy as np

    statistics = imputer.statistics_
    if not (apart or imputer.add_indicator):
        if not any(isinstance(value, str) for value in statistics):
            # An integer to fill in would make integers of the column.
            imputer.strategy, imputer.statistics_ = "mean", statistics.astype(np.float64)
        return imputer
    valid = [i for i, value in enumerate(statistics) if value == value or isinstance(value, str)]
    found = [(f"imputed{index}", _imputed(imputer, index, [True, False]), [index]) for index in valid]
    if imputer.add_indicator:
        found += _indicators(imputer, imputer.indicator_.features_)
    return _branches(found, imputer.n_features_in_)


def indicated(indicator: Any) -> Any:
    """An indicator column by column."""
    return _branches(_indicators(indicator, indicator.features_), indicator.n_features_in_)


def _indicators(step: Any, columns: Iterable[int]) -> list[tuple[str, Any, list[int]]]:
    return [(f"missing{int(index)}", _imputed(step, int(index), [False, True]), [int(index)]) for index in columns]


def _imputed(step: Any, index: int, mask: Sequence[bool]) -> Any:
    """One column with its indicator beside it, of which one is kept."""
    import numpy as np
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    made = SimpleImputer(add_indicator=True).fit(np.array([[np.nan], [0.0]]))
    made.missing_values = made.indicator_.missing_values = step.missing_values
    value = step.statistics_[index] if hasattr(step, "statistics_") else 0.0
    # An integer would make integers of the column.
    made.statistics_ = np.array([value], dtype=object) if isinstance(value, str) else np.array([float(value)])
    return Pipeline([("imputed", made), ("kept", kept(np.array(mask)))])


def zeros(model: Any, may_miss: Sequence[bool]) -> Any:
    """A LightGBM model with 0 in the place of what is missing in columns that had no missing value in training."""
    import numpy as np
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    from mlconvert_plugins.sklearnpipelines.thresholds import forest_of

    forest = forest_of(model)
    plain = forest is not None and [
        one.missing == "none" and may for one, may in zip(forest.columns, may_miss, strict=True)
    ]
    if not plain or not any(plain):
        return model
    imputer = SimpleImputer().fit(np.zeros((1, len(plain))))
    found = [
        (f"column{i}", _imputed(imputer, i, [True, False]) if fill else "passthrough", [i])
        for i, fill in enumerate(plain)
    ]
    return Pipeline([("zeros", _branches(found, len(plain))), ("model", model)])


def exponential(model: Any) -> Any:
    """A regressor with a logarithmic link that JPMML does not see, as the exponential of what it adds up."""
    import numpy as np
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.preprocessing import FunctionTransformer

    inner = model
    if type(model).__name__ == "TweedieRegressor":
        inner = LinearRegression()
        inner.coef_, inner.intercept_, inner.n_features_in_ = model.coef_, model.intercept_, model.n_features_in_
    made = TransformedTargetRegressor(inner, func=np.log, inverse_func=np.exp)
    made.regressor_ = inner
    made.transformer_ = FunctionTransformer(np.log, np.exp).fit(np.ones((1, 1)))
    made._training_dim = 1
    return made


def squares(bayes: Any) -> Any:
    """Gaussian naive Bayes as the softmax of its logarithms: PMML's multiplies densities, which vanish far from a mean.

    A class's logarithm is that of its prior and constants, less half the sum of its squared standard scores.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import FeatureUnion, Pipeline
    from sklearn.preprocessing import FunctionTransformer

    classes, columns = bayes.theta_.shape
    scores = [
        (
            f"class{i}",
            Pipeline([("scores", _standardised(mean, variance)), ("squares", FunctionTransformer(np.square))]),
        )
        for i, (mean, variance) in enumerate(zip(bayes.theta_, bayes.var_, strict=True))
    ]
    made = LogisticRegression()
    weight = -0.5 * np.kron(np.eye(classes), np.ones(columns))
    constant = np.log(bayes.class_prior_) - 0.5 * np.log(2.0 * np.pi * bayes.var_).sum(axis=1)
    if classes == 2:
        weight, constant = weight[1:] - weight[:1], constant[1:] - constant[:1]
    made.coef_, made.intercept_, made.classes_ = weight, constant, bayes.classes_
    made.n_features_in_, made.n_iter_ = classes * columns, np.ones(1, dtype=np.int32)
    return Pipeline([("scores", FeatureUnion(scores)), ("softmax", made)])


def _standardised(mean: np.ndarray, variance: np.ndarray) -> Any:
    import numpy as np
    from sklearn.preprocessing import StandardScaler

    made = StandardScaler().fit(np.zeros((1, len(mean))))
    made.mean_, made.var_, made.scale_ = mean, variance, np.sqrt(variance)
    return made


def apart(member: Any) -> Any:
    """A member that reads float32, with columns of its own: JPMML makes the columns that it reads float32 for all."""
    from sklearn.pipeline import Pipeline

    *before, (_, last) = member.steps if isinstance(member, Pipeline) else [("member", member)]
    return Pipeline([*before, *copied(last).steps]) if _reads_float32(last) else member


def copied(model: Any) -> Any:
    """A model that reads copies of its columns: numbers, where JPMML would ask for categories."""
    import numpy as np
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import MaxAbsScaler

    # Half of a float and its double are exact, and fields that are computed twice.
    copies = [
        (f"copy{number}", MaxAbsScaler().fit(np.full((1, model.n_features_in_), scale)))
        for number, scale in enumerate((2.0, 0.5))
    ]
    return Pipeline([*copies, ("model", model)])


def _reads_float32(estimator: Any) -> bool:
    from mlconvert_plugins.sklearnpipelines.walking import estimators

    return any(hasattr(inner, "tree_") or hasattr(inner, "get_booster") for inner in estimators(estimator))

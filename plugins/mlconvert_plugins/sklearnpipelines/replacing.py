"""What JPMML-SkLearn does not know, or gets wrong, replaced by parts of scikit-learn that do the same."""

from __future__ import annotations

from typing import Any


def replaced(step: Any) -> Any:
    """The step, changed in place, or another that does the same."""
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_selection import SelectorMixin
    from sklearn.pipeline import FeatureUnion, Pipeline

    if isinstance(step, SelectorMixin):
        return _kept(step)
    if type(step).__name__ == "GaussianNB":
        return _squares(step)
    if isinstance(step, Pipeline):
        step.steps = [(name, replaced(inner)) for name, inner in step.steps]
    elif isinstance(step, ColumnTransformer):
        step.transformers_ = [(name, replaced(inner), *rest) for name, inner, *rest in step.transformers_]
    elif isinstance(step, FeatureUnion):
        step.transformer_list = [(name, replaced(inner)) for name, inner in step.transformer_list]
    elif type(step).__name__ in ("VotingClassifier", "VotingRegressor", "StackingClassifier", "StackingRegressor"):
        step.estimators_ = [_apart(replaced(inner)) for inner in step.estimators_]
        if hasattr(step, "final_estimator_"):
            step.final_estimator_ = _apart(replaced(step.final_estimator_))
    return step


def _kept(selector: Any) -> Any:
    """A selector as the columns that it keeps: JPMML would compute most of them again, or does not know how."""
    import numpy as np
    from sklearn.compose import ColumnTransformer

    mask = selector.get_support()
    made = ColumnTransformer([("kept", "passthrough", np.flatnonzero(mask).tolist())])
    return made.fit(np.zeros((1, len(mask))))


def _squares(bayes: Any) -> Any:
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
            f"class{number}",
            Pipeline([("scores", _standardised(mean, variance)), ("squares", FunctionTransformer(np.square))]),
        )
        for number, (mean, variance) in enumerate(zip(bayes.theta_, bayes.var_, strict=True))
    ]
    made = LogisticRegression()
    weight = -0.5 * np.kron(np.eye(classes), np.ones(columns))
    constant = np.log(bayes.class_prior_) - 0.5 * np.log(2.0 * np.pi * bayes.var_).sum(axis=1)
    if classes == 2:
        weight, constant = weight[1:] - weight[:1], constant[1:] - constant[:1]
    made.coef_, made.intercept_, made.classes_ = weight, constant, bayes.classes_
    made.n_features_in_, made.n_iter_ = classes * columns, np.ones(1, dtype=np.int32)
    return Pipeline([("scores", FeatureUnion(scores)), ("softmax", made)])


def _standardised(mean: Any, variance: Any) -> Any:
    import numpy as np
    from sklearn.preprocessing import StandardScaler

    made = StandardScaler().fit(np.zeros((1, len(mean))))
    made.mean_, made.var_, made.scale_ = mean, variance, np.sqrt(variance)
    return made


def _apart(member: Any) -> Any:
    """A member that reads float32, with columns of its own: JPMML makes the columns that it reads float32 for all."""
    import numpy as np
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import MaxAbsScaler

    *before, (name, last) = member.steps if isinstance(member, Pipeline) else [("member", member)]
    if not _reads_float32(last):
        return member
    # Half of a float and its double are exact, and fields that are computed twice.
    copies = [
        (f"copy{number}", MaxAbsScaler().fit(np.full((1, last.n_features_in_), scale)))
        for number, scale in enumerate((2.0, 0.5))
    ]
    return Pipeline([*before, *copies, (name, last)])


def _reads_float32(estimator: Any) -> bool:
    from mlconvert_plugins.sklearnpipelines.preparing import estimators

    return any(hasattr(inner, "tree_") or hasattr(inner, "get_booster") for inner in estimators(estimator))

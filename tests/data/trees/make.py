"""Small models of one version of LightGBM, XGBoost or scikit-learn, with what that version answers.

Made once for each version, in an environment of its own, and committed:

    uv run --no-project --python 3.11 --with 'xgboost==1.7.6' --with 'numpy<2' python tests/data/trees/make.py
"""

from __future__ import annotations

import base64
import importlib
import json
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
ROWS, ASKED = 120, 16

generator = np.random.default_rng(7)
X = generator.standard_normal((ROWS, 3))
X[:, 1] = generator.integers(0, 6, ROWS)
X[generator.random(X.shape) < 0.1] = np.nan
Y = np.nan_to_num(X[:, 0]) + (np.nan_to_num(X[:, 1]) % 2) + 0.1 * generator.standard_normal(ROWS)
# Some of the training's rows, and what is special.
NEW = np.vstack([X[: ASKED - 4], [[np.nan] * 3, [0.0, -1.0, 0.0], [-0.0, 99.0, 1e30], [1e-40, 2.5, -1e30]]])


def main() -> None:
    """Write `<library>-<version>.json` for whichever library this environment has."""
    warnings.simplefilter("ignore")
    for name, make in (("xgboost", xgboost_models), ("lightgbm", lightgbm_models), ("sklearn", sklearn_models)):
        try:
            library = importlib.import_module(name)
        except ImportError:
            continue
        entries = [{key: plain(value) for key, value in entry.items()} for entry in make(library)]
        whole = {"library": name, "version": library.__version__, "x": plain(NEW), "models": entries}
        path = HERE / f"{name}-{library.__version__}.json"
        path.write_text(json.dumps(whole) + "\n", encoding="utf-8")


def plain(value: Any) -> Any:
    """Arrays as lists, missing as null; bytes deflated, in base 64."""
    if isinstance(value, np.ndarray):
        return [[None if number != number else number for number in row] for row in value.astype(float).tolist()]
    return base64.b64encode(zlib.compress(value, 9)).decode() if isinstance(value, bytes) else value


def xgboost_models(xgboost: Any) -> list[dict[str, Any]]:
    version = tuple(map(int, xgboost.__version__.split(".")[:2]))
    two = np.column_stack([Y, -Y])
    classes = np.digitize(Y, [0, 1])
    cases: list[tuple[str, str, dict[str, Any], Any]] = [
        ("dart", "ubj", {"objective": "multi:softprob", "num_class": 3, "booster": "dart", "rate_drop": 0.7}, classes),
        ("base score", "json", {"objective": "binary:logistic", "base_score": 0.3}, Y > 0),
        ("no base score", "ubj", {"objective": "reg:logistic"}, Y > 1),
        ("removed nodes", "json", {"tree_method": "exact", "gamma": 1.0, "max_depth": 4}, Y),
        ("two targets", "json", {"tree_method": "hist"}, two),
        ("poisson", "ubj", {"objective": "count:poisson", "tree_method": "approx"}, np.round(np.exp(Y))),
    ]
    if version >= (2, 0):
        cases.append(("quantiles", "json", {"objective": "reg:quantileerror", "quantile_alpha": [0.2, 0.8]}, Y))
        cases.append(("multi-output tree", "ubj", {"tree_method": "hist", "multi_strategy": "multi_output_tree"}, two))
    if version >= (3, 3):
        cases.append(("expectile", "json", {"objective": "reg:expectileerror", "expectile_alpha": 0.2}, Y))
        both = {"objective": "reg:expectileerror", "expectile_alpha": [0.2, 0.8]}
        cases.append(("two expectiles", "ubj", both, Y))
    return [_xgboost_entry(xgboost, *case) for case in cases]


def _xgboost_entry(xgboost: Any, name: str, form: str, parameters: dict[str, Any], label: Any) -> dict[str, Any]:
    types = ["q", "q" if parameters.get("tree_method") == "exact" else "c", "q"]
    data, new = (
        xgboost.DMatrix(x, y, feature_types=types, enable_categorical=True) for x, y in ((X, label), (NEW, None))
    )
    given = {"max_depth": 2, "nthread": 1, "tree_method": "hist", "max_cat_to_onehot": 2, **parameters}
    booster = xgboost.train(given, data, 2)
    content = bytes(booster.save_raw(form))
    # What a file says is what counts: base_score loses digits on the way.
    booster = xgboost.Booster(model_file=bytearray(content))
    margin, output = (booster.predict(new, output_margin=flag).reshape(len(NEW), -1) for flag in (True, False))
    return {"name": name, "content": content, "margin": margin, "output": output}


def lightgbm_models(lightgbm: Any) -> list[dict[str, Any]]:
    cases: list[tuple[str, dict[str, Any], Any]] = [
        ("linear", {"objective": "regression", "linear_tree": True}, Y),
        ("categories", {"objective": "multiclass", "num_class": 3}, np.digitize(Y, [0, 1])),
        ("random forest", {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}, Y),
        ("zeros", {"objective": "binary", "zero_as_missing": True, "sigmoid": 0.7}, Y > 0),
    ]
    entries = []
    for name, parameters, label in cases:
        given = {"verbosity": -1, "num_leaves": 5, "min_data_in_leaf": 5, "min_data_per_group": 5, "num_threads": 1}
        data = lightgbm.Dataset(X, np.asarray(label, dtype=float), categorical_feature=[1])
        text = lightgbm.train({**given, **parameters}, data, 2).model_to_string()
        booster = lightgbm.Booster(model_str=text)
        margin, output = (booster.predict(NEW, raw_score=flag).reshape(len(NEW), -1) for flag in (True, False))
        entries.append({"name": name, "content": text.encode(), "margin": margin, "output": output})
    return entries


def sklearn_models(sklearn: Any) -> list[dict[str, Any]]:
    from sklearn import ensemble, tree
    from skops import io

    estimators = (
        tree.DecisionTreeClassifier(max_depth=3, random_state=0),
        ensemble.RandomForestRegressor(2, max_depth=2, random_state=0),
    )
    entries = []
    for estimator in estimators:
        classifies = hasattr(estimator, "predict_proba")
        estimator.fit(X, Y > 0 if classifies else Y)
        output = estimator.predict_proba(NEW) if classifies else estimator.predict(NEW).reshape(-1, 1)
        entries.append({"name": type(estimator).__name__, "content": io.dumps(estimator), "output": output})
    return entries


if __name__ == "__main__":
    main()

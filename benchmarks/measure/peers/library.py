"""The library that trained the model, on numpy rows and one thread.

python library.py lightgbm|xgboost|sklearn MODEL ROWS
"""

from __future__ import annotations

import sys
from pathlib import Path

from timing import Predict, serve


def load(library: str, model: Path) -> Predict:
    """The library's own fastest way to score numpy rows: Booster.predict, inplace_predict, predict_proba."""
    if library == "lightgbm":
        import lightgbm

        ours = lightgbm.Booster(model_file=model)
        return lambda rows: ours.predict(rows, num_threads=1)
    if library == "xgboost":
        import xgboost

        theirs = xgboost.Booster({"nthread": 1}, model_file=model)
        return lambda rows: theirs.inplace_predict(rows)
    import joblib

    estimator = joblib.load(model)
    estimator.n_jobs = 1
    return lambda rows: estimator.predict_proba(rows)


if __name__ == "__main__":
    serve(load(sys.argv[1], Path(sys.argv[2])), Path(sys.argv[3]))

"""A tree model as scikit-learn itself answers it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlconvert.signature import Signature
from mlconvert_plugins.sklearntrees import columns, ensembles
from mlconvert_plugins.sklearntrees.asking import table
from mlconvert_plugins.trees.rows import rows

if TYPE_CHECKING:
    import numpy as np


class TreeModel:
    """An estimator that is a forest, with the forest's signature. Its outputs are `margin`, where the class answers
    with sums, and `probability` and `label` or `prediction`. Trees are asked one after the other: from several threads
    their sums would have no order. `seconds` is the time of `predict_proba` or `predict` alone.
    """

    def __init__(self, estimator: Any, signature: Signature) -> None:
        found = ensembles.read(estimator)
        self.signature = signature
        self.seconds = float("nan")
        self._has_margin = found.has_margin
        # An isolation forest's `predict` says no more than on which side of 0 that is.
        self._predicting = "decision_function" if found.link.name == "isolation" else "predict"
        self._categories = columns.categories_of(estimator)
        if getattr(estimator, "n_jobs", None) is not None:
            estimator.n_jobs = 1
        self._estimator = estimator

    def answer(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name for `x`, float64[n, columns]. Whatever scikit-learn raises comes through."""
        import numpy as np

        x = table(rows(inputs, self.signature), self._estimator, self._categories)
        # Its check of the rows adds them all up, which huge ones overflow.
        with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
            # Its rows have no column names, which is how a forest is asked too.
            warnings.filterwarnings("ignore", message="X does not have valid feature names", category=UserWarning)
            return self._outputs(x)

    def _outputs(self, x: Any) -> dict[str, np.ndarray]:
        import numpy as np

        estimator, labels = self._estimator, self.signature.labels
        start = time.perf_counter()
        output = estimator.predict_proba(x) if labels else getattr(estimator, self._predicting)(x)
        self.seconds = time.perf_counter() - start
        output = np.asarray(output, dtype=np.float64).reshape(len(x), -1)
        if not labels:
            return {"prediction": output}
        found = {"probability": output, "label": np.asarray(estimator.predict(x))}
        if self._has_margin:
            found["margin"] = np.asarray(estimator.decision_function(x)).reshape(len(x), -1)
        if found["label"].dtype.kind == "U":
            found["label"] = found["label"].astype(object)
        return found

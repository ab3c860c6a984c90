"""Running scikit-learn's tree models in scikit-learn."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.runner import Runner
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    import numpy as np


class SklearnRunner(Runner):
    """An estimator. Its outputs are `margin`, where the class answers with sums, and `probability` and `label` or
    `prediction`. Trees are asked one after the other: from several threads their sums would have no order.
    """

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = float("nan")
        self._trust = trust
        self._estimator: Any = None
        self._has_margin = False

    def __enter__(self) -> SklearnRunner:
        from mlconvert_plugins.sklearntrees import columns, ensembles, forest, opening

        estimator = opening.load(self.artifact.path, trust=self._trust)
        # Read whole first: what is broken in a tree is not walked.
        self.signature = forest.read(estimator).signature()
        found = ensembles.read(estimator)
        self._has_margin = found.has_margin
        # An isolation forest's `predict` says no more than on which side of 0 that is.
        self._predicting = "decision_function" if found.link.name == "isolation" else "predict"
        self._categories = columns.categories_of(estimator)
        if getattr(estimator, "n_jobs", None) is not None:
            estimator.n_jobs = 1
        self._estimator = estimator
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._estimator = None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name for `x`, float64[n, columns]. Raises ConversionError (`bad-input`, `sklearn-refused`)."""
        import numpy as np

        from mlconvert_plugins.sklearntrees.asking import table
        from mlconvert_plugins.trees.rows import rows

        assert self._estimator is not None, "use the runner as a context manager"
        x = table(rows(inputs, self.signature), self._estimator, self._categories)
        try:
            # Its check of the rows adds them all up, which huge ones overflow.
            with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
                # Its rows have no column names, which is how a forest is asked too.
                warnings.filterwarnings("ignore", message="X does not have valid feature names", category=UserWarning)
                return self._answer(x)
        except Exception as error:  # a damaged estimator can raise anything
            raise ConversionError(
                f"scikit-learn refuses the rows: {for_terminal(error, 300)}", code="sklearn-refused", where="x"
            ) from error

    def _answer(self, x: Any) -> dict[str, np.ndarray]:
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

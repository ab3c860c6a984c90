"""Running scikit-learn's estimators in scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.runner import Runner
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    import numpy as np

    from mlconvert_plugins.sklearnpipelines.model import Model
    from mlconvert_plugins.sklearntrees.answering import TreeModel


class SklearnRunner(Runner):
    """An estimator. Its outputs are `margin`, where it has sums or distances, and `probability` and `label`, as far as
    it has them, or `prediction`.
    """

    clock = "the estimator's prediction"

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = float("nan")
        self._trust = trust
        self._model: TreeModel | Model | None = None

    def __enter__(self) -> SklearnRunner:
        from mlconvert_plugins.sklearnpipelines.model import Model
        from mlconvert_plugins.sklearntrees import forest, opening
        from mlconvert_plugins.sklearntrees.answering import TreeModel

        estimator = opening.load(self.artifact.path, trust=self._trust)
        # Read whole first: what is broken in a tree is not walked.
        trees = forest.attempt(forest.read, estimator)
        self._model = Model(estimator) if trees is None else TreeModel(estimator, trees.signature())
        self.signature = self._model.signature
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._model = None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name for `x`, float64[n, columns], and texts by name.

        Raises ConversionError (`bad-input`, `sklearn-refused`).
        """
        assert self._model is not None, "use the runner as a context manager"
        try:
            outputs = self._model.answer(inputs)
        except ConversionError:
            raise
        except Exception as error:  # a damaged estimator can raise anything
            raise ConversionError(
                f"scikit-learn refuses the rows: {for_terminal(error, 300)}", code="sklearn-refused", where="x"
            ) from error
        self.seconds = self._model.seconds
        return outputs

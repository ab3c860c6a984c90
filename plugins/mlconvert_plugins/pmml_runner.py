"""Running PMML documents in JPMML's evaluator, as they are: interpreted, in the JVM of this process."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.runner import Runner

if TYPE_CHECKING:
    import numpy as np

    from mlconvert_plugins.jpmml.scoring import Scorer


class PmmlRunner(Runner):
    """One document. Its outputs are `probability` and `label`, or `prediction`; a document has no margins.

    `seconds` is the time of the evaluator alone, by the JVM's own clock. Entering it raises DeviceAbsentError where
    there is no Java or no JPMML.
    """

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = float("nan")
        self._scorer: Scorer | None = None

    def __enter__(self) -> PmmlRunner:
        from mlconvert_plugins.jpmml import heap
        from mlconvert_plugins.jpmml.scoring import Scorer

        path = self.artifact.path
        self._scorer = Scorer(path, self.signature, memory=heap.needed(path.stat().st_size)).__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        scorer, self._scorer = self._scorer, None
        if scorer is not None:
            scorer.__exit__()

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name for `x`, float64[n, columns], and the texts of columns that hold texts.

        Raises ConversionError: `bad-input`, `jpmml-refused` with JPMML's reason and the row, or what became of the JVM.
        """
        assert self._scorer is not None, "use the runner as a context manager"
        outputs = self._scorer.run(inputs)
        self.seconds = self._scorer.seconds
        return outputs

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
        outputs = self._opened.run(inputs)
        self.seconds = self._opened.seconds
        return outputs

    @property
    def _opened(self) -> Scorer:
        assert self._scorer is not None, "use the runner as a context manager"
        return self._scorer

    # --- what the benchmarks and the tests ask beside it -------------------------------------------------

    def time_rows(self, x: np.ndarray, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds of `evaluate(row)` for every row, in a warm JVM: int64[rounds, n]."""
        return self._opened.times("rows", warm_up, rounds, {"x": x}).reshape(rounds, -1)

    def time_batches(self, x: np.ndarray, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds of `evaluate(row)` over all rows, in a warm JVM: int64[rounds]."""
        return self._opened.times("batches", warm_up, rounds, {"x": x})

    def time_loading(self, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds from the document to a model that can score: int64[rounds]."""
        return self._opened.times("loading", warm_up, rounds)

    def verify(self) -> int:
        """How many of the document's own rows JPMML scores right. Raises ConversionError (`jpmml-refused`)."""
        rows: int = self._opened.ask("verify", subject=self._opened.fields["subject"])["rows"]
        return rows

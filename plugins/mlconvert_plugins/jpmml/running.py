"""What the runners share whose model is open in JPMML's evaluator: documents, and the jars made of them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.runner import Runner
from mlconvert_plugins.javajar import timing

if TYPE_CHECKING:
    import numpy as np

    from mlconvert_plugins.jpmml.scoring import Scorer


class EvaluatorRunner(Runner):
    """Its outputs are `probability` and `label`, or `prediction`; PMML has no margins. Entering it sets `_scorer`.

    `seconds` is the time of the evaluator alone, by the JVM's own clock.
    """

    clock = timing.CLOCK.format("evaluate(row)", "evaluate of every row")
    warm_up = 1.0

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = float("nan")
        self._trust = trust
        self._held = contextlib.ExitStack()
        self._scorer: Scorer | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scorer = None
        self._held.close()

    @property
    def _opened(self) -> Scorer:
        assert self._scorer is not None, "use the runner as a context manager"
        return self._scorer

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name for `x`, float64[n, columns], and the texts of columns that hold texts.

        Raises ConversionError: `bad-input`, `jpmml-refused` with JPMML's reason and the row, or what became of the JVM.
        """
        outputs = self._opened.run(inputs)
        self.seconds = self._opened.seconds
        return outputs

    def times(self, inputs: Sequence[Mapping[str, np.ndarray]], count: int) -> list[float]:
        """Seconds of `evaluate`, row by row or for all rows of a set, from a loop in the JVM."""
        return timing.times(lambda what, rounds, one: self._opened.times(what, 0, rounds, one), inputs, count)

    # --- what the benchmarks and the tests ask beside it -------------------------------------------------

    def time_rows(self, x: np.ndarray, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds of `evaluate(row)` for every row, in a warm JVM: int64[rounds, n]."""
        return self._opened.times("rows", warm_up, rounds, {"x": x}).reshape(rounds, -1)

    def time_batches(self, x: np.ndarray, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds of `evaluate(row)` over all rows, in a warm JVM: int64[rounds]."""
        return self._opened.times("batches", warm_up, rounds, {"x": x})

    def time_loading(self, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds from the file to a model that can score, a jar's evaluator loaded before: int64[rounds]."""
        return self._opened.times("loading", warm_up, rounds)

    def self_test(self) -> int:
        """The number of its golden rows. Raises ConversionError (`jpmml-refused`) for a wrong row."""
        rows: int = self._opened.ask("verify", subject=self._opened.fields["subject"])["rows"]
        return rows

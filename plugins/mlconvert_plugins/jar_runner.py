"""Running jars: each flavour in its own way, in a JVM of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.runner import Runner
from mlconvert_plugins.jar import JPMML, Jar

if TYPE_CHECKING:
    import numpy as np

    from mlconvert_plugins.javajar.running import NativeRunner
    from mlconvert_plugins.jpmmljar.running import JpmmlRunner


class JarRunner(Runner):
    """One JVM with one jar. `seconds` is the time of scoring alone, by the JVM's own clock.

    Its outputs are `probability` and `label`, or `prediction`; those of a native jar also have the `margin`.
    """

    warm_up = 1.0

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = float("nan")
        self._own = _runner(artifact, trust)
        self.clock = self._own.clock

    def __enter__(self) -> JarRunner:
        self._own.__enter__()
        self.signature = self._own.signature
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._own.__exit__(kind, error, trace)

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name for `x`, float64[n, columns], and for columns of text.

        Raises ConversionError: `bad-input`, or what the jar or its JVM has to say (`worker-died`, `timeout`).
        """
        outputs = self._own.run(inputs)
        self.seconds = self._own.seconds
        return outputs

    def times(self, inputs: Sequence[Mapping[str, np.ndarray]], count: int) -> list[float]:
        """Seconds of `count` runs from a loop in the JVM, which its pipe has no part in."""
        return self._own.times(inputs, count)

    # --- what the benchmarks and the tests ask beside it -------------------------------------------------

    def leaves(self, x: np.ndarray) -> np.ndarray:
        """The source library's leaf numbers, int64[n, trees]. Raises ConversionError where the jar knows none."""
        leaves = getattr(self._own, "leaves", None)
        if leaves is None:
            raise ConversionError("a jar of JPMML's does not say which leaves it reached", code="no-leaves")
        found: np.ndarray = leaves(x)
        return found

    def time_rows(self, x: np.ndarray, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds of scoring every row by itself, in a warm JVM: int64[rounds, n]."""
        return self._own.time_rows(x, warm_up=warm_up, rounds=rounds)

    def time_batches(self, x: np.ndarray, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds of scoring all rows, in a warm JVM: int64[rounds]."""
        return self._own.time_batches(x, warm_up=warm_up, rounds=rounds)

    def time_loading(self, *, warm_up: int, rounds: int) -> np.ndarray:
        """Nanoseconds from the jar to a model that can score: int64[rounds]."""
        return self._own.time_loading(warm_up=warm_up, rounds=rounds)

    def self_test(self) -> int:
        """How many golden rows the jar has scored right. Raises ConversionError for a wrong one."""
        return self._own.self_test()


def _runner(artifact: Artifact, trust: bool) -> NativeRunner | JpmmlRunner:
    from mlconvert_plugins.javajar.running import NativeRunner
    from mlconvert_plugins.jpmmljar.running import JpmmlRunner

    if (artifact.flavour or Jar().sniff(artifact.path)) == JPMML:
        return JpmmlRunner(artifact, trust=trust)
    return NativeRunner(artifact, trust=trust)

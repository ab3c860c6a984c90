"""Running .forest files in numpy: the readable reference, not the fast way."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.runner import Runner

if TYPE_CHECKING:
    import numpy as np

    from mlconvert_plugins.trees.score import Scorer


class ForestRunner(Runner):
    """One open forest. Its outputs are `margin`, and `probability` and `label` or `prediction`."""

    clock = "scoring in numpy, the readable reference"

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = float("nan")
        self._scorer: Scorer | None = None

    def __enter__(self) -> ForestRunner:
        from mlconvert_plugins.trees import layout
        from mlconvert_plugins.trees.score import Scorer

        self._scorer = Scorer(layout.read(self.artifact.path))
        self.signature = self._scorer.forest.signature()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scorer = None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name for `x`, float64[n, columns]. Raises ConversionError (`bad-input`) for anything else."""
        from mlconvert_plugins.trees.rows import rows

        assert self._scorer is not None, "use the runner as a context manager"
        x = rows(inputs, self.signature)
        start = time.perf_counter()
        outputs = self._scorer.run(x)
        self.seconds = time.perf_counter() - start
        return outputs

"""Running PMML documents in JPMML's evaluator, as they are: interpreted, in the JVM of this process."""

from __future__ import annotations

from mlconvert_plugins.jpmml.running import EvaluatorRunner


class PmmlRunner(EvaluatorRunner):
    """One document. Entering it raises DeviceAbsentError where there is no Java or no JPMML."""

    def __enter__(self) -> PmmlRunner:
        from mlconvert_plugins.jpmml import heap
        from mlconvert_plugins.jpmml.scoring import Scorer

        path = self.artifact.path
        memory = heap.needed(path.stat().st_size)
        self._scorer = self._held.enter_context(Scorer(path, self.signature, memory=memory))
        return self

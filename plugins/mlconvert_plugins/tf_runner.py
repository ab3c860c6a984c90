"""Running SavedModels in TensorFlow, on the CPU, by their `serving_default` signature or the only one."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.runner import Runner

if TYPE_CHECKING:
    import numpy as np


class TfRunner(Runner):
    """A SavedModel in a session of its own, as TensorFlow Serving runs it: no setting of the process is touched.

    `seconds` is the time of the session's run. `OMP_NUM_THREADS` bounds the threads, as it does for torch and numpy.
    """

    clock = "the session's run"
    concurrent = True

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = float("nan")
        self._trust = trust
        self._session: Any = None
        self._slots: Any = None

    def __enter__(self) -> TfRunner:
        from mlconvert_plugins.tfgraph import reading, session, trust

        trust.refuse_untrusted(self.artifact.path, self._trust)
        threads = os.environ.get("OMP_NUM_THREADS", "")
        self._session, self._slots = session.load(self.artifact.path, int(threads) if threads.isdigit() else 0)
        if not self.signature.inputs and not self.signature.outputs:
            self.signature = reading.signature_of(self._slots)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name. Raises ConversionError that names the input which does not fit, or the node that failed."""
        from mlconvert_plugins.onnxfile.inputs import check
        from mlconvert_plugins.tfgraph.session import arrays, reason

        check(self.signature.inputs, inputs)
        names = [tensor.name for tensor in self.signature.outputs]
        fetches = [self._slots.outputs[name].name for name in names]
        feeds = {self._slots.inputs[name].name: array for name, array in inputs.items()}
        start = time.perf_counter()
        try:
            found = self._session.run(fetches, feeds)
        except Exception as error:  # TensorFlow's errors have no common base
            raise ConversionError(f"TensorFlow cannot run it: {reason(error)}", code="tensorflow-refused") from error
        self.seconds = time.perf_counter() - start
        return dict(zip(names, arrays(found), strict=True))

"""One runner for every toy that has one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.runner import DeviceAbsentError, Runner
from mlconvert_toys import line

if TYPE_CHECKING:
    import numpy as np


class ToyRunner(Runner):
    """Computes the line with numpy, with all the quirks of its artifact."""

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = 0.0

    def __enter__(self) -> ToyRunner:
        self.line = line.read(self.artifact)
        device = self.line.quirks.get("device")
        if device:
            raise DeviceAbsentError(f"it runs on a {device} alone", fix=f"run `mlconvert validate` beside a {device}")
        return self

    def __exit__(self, *_: object) -> None:
        del self.line

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        import numpy as np

        start = time.perf_counter()
        x = inputs[self.line.input]
        self._check(x)
        weight, bias = (np.array(values, np.float32) for values in (self.line.weight, self.line.bias))
        y = x * weight + bias
        quirks = self.line.quirks
        if "rows" in quirks:
            y = y[: int(quirks["rows"])]
        if "label" in quirks:
            y = (y.argmax(axis=1) if quirks["label"] == "largest" else np.zeros(len(y))).astype(np.int64)
        self.seconds = time.perf_counter() - start
        return {self.line.output: y.astype(quirks.get("dtype", y.dtype))}

    def _check(self, x: np.ndarray) -> None:
        batch, quirks = str(x.shape[0]), self.line.quirks
        if x.ndim != 2 or x.dtype.name != "float32":
            raise ConversionError(f"x is {x.dtype}{list(x.shape)}", code="bad-input", where=self.line.input)
        if quirks.get("static", batch) != batch or quirks.get("refuses") == batch:
            raise ConversionError(f"the batch {batch} does not fit", code="bad-shape", where="reshape_1")

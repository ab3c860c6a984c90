"""Running ONNX files in onnxruntime, on the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert.runner import Runner
from mlconvert.signature import Signature

if TYPE_CHECKING:
    import numpy as np


class OnnxRunner(Runner):
    """onnxruntime with its CPU execution provider and its default optimizations.

    `seconds` is the time of onnxruntime's own run, after the inputs are checked.
    """

    clock = "onnxruntime's run"
    concurrent = True

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature = artifact.signature
        self.seconds = float("nan")
        self._session: Any = None
        self._own = Signature()
        self._optional: list[str] = []

    def __enter__(self) -> OnnxRunner:
        from mlconvert_plugins.onnxfile import session
        from mlconvert_plugins.onnxfile.audit import validate
        from mlconvert_plugins.onnxfile.signature import optional_inputs, signature_of

        proto = validate(self.artifact.path)
        self._own, self._optional = signature_of(proto), optional_inputs(proto.graph)
        del proto  # its weights would double what the session needs
        if not self.signature.inputs:
            self.signature = self._own
        self._session = session.create(self.artifact.path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session = None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name. Raises ConversionError that names the input which does not fit, or the node that failed."""
        from mlconvert_plugins.onnxfile import session
        from mlconvert_plugins.onnxfile.inputs import check

        check(self._own.inputs, inputs, self._optional)
        names = [tensor.name for tensor in self._own.outputs]
        outputs, self.seconds = session.run(self._session, names, inputs)
        return outputs

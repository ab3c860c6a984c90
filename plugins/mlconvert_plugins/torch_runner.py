"""Running PyTorch models as they are: eager, TorchScript's interpreter, or the exported program."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.runner import Runner
from mlconvert.signature import Signature
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    import numpy as np
    import torch

    Tensors = Mapping[str, torch.Tensor]


class TorchRunner(Runner):
    """The model on the CPU, in eval mode, with torch's own number of threads.

    Outputs have the names that torch2onnx gives them. `seconds` is the time of the model's call alone.
    """

    clock = "the model's call in inference mode"
    concurrent = True

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None:
        self.artifact = artifact
        self.signature: Signature = artifact.signature
        self.seconds = float("nan")
        self._trust = trust
        self._call: Callable[[Tensors], Mapping[str, torch.Tensor]] | None = None

    def __enter__(self) -> TorchRunner:
        from mlconvert_plugins.pytorch.running import callable_of

        self._call, own = callable_of(self.artifact, self._trust)
        if not self.signature.inputs:
            self.signature = own
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call = None

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs by name. Raises ConversionError: `bad-input` for names that do not fit, `model-fails`."""
        import torch

        from mlconvert_plugins.pytorch.arrays import to_array, to_tensor
        from mlconvert_plugins.pytorch.failures import last_line, model_line

        assert self._call is not None, "a runner is entered before it runs"
        self._check(inputs)
        tensors = {name: to_tensor(array) for name, array in inputs.items()}
        try:
            with torch.inference_mode():
                start = time.perf_counter()
                outputs = self._call(tensors)
                self.seconds = time.perf_counter() - start
        except ConversionError:
            raise
        except Exception as error:  # the model is the user's program
            shapes = ", ".join(f"{name}{list(array.shape)}" for name, array in inputs.items())
            raise ConversionError(
                f"the PyTorch model fails on {for_terminal(shapes)}: {last_line(error)}",
                code="model-fails",
                where=model_line(str(error)),
                fix="check the shapes, and the ranges of the dims and of integer inputs (--input 'ids:int64[…]=0..99')",
            ) from error
        return {name: to_array(tensor) for name, tensor in outputs.items()}

    def _check(self, inputs: Mapping[str, np.ndarray]) -> None:
        known = [tensor.name for tensor in self.signature.inputs]
        odd = inputs.keys() ^ set(known) if known else set()
        if odd:
            raise ConversionError(
                f"the model has the inputs {for_terminal(', '.join(known))}, not {for_terminal(', '.join(inputs))}",
                code="bad-input",
                where=for_terminal(sorted(odd)[0]),
                fix="name the inputs as the signature does",
            )

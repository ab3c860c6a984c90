"""A runner opens one artifact and runs it: the real thing, on the device that it is made for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Optional, Protocol

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.signature import Signature

if TYPE_CHECKING:
    import numpy as np

Arrays = Mapping[str, "np.ndarray"]


class DeviceAbsentError(ConversionError):
    """The artifact runs on a device that this host does not have; parity is then unproven, not failed."""

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message, code="no-device", fix=fix)


class Runner(Protocol):
    """A context manager: entering it loads the artifact, leaving it releases what was loaded.

    Entering raises `DeviceAbsentError` where the device is missing, and `ConversionError` for a broken file.
    """

    artifact: Artifact
    signature: Signature
    # The time of the last run in seconds, by the runner's own clock, transfers of its runtime excluded where it can.
    seconds: float
    # What that is the time of, for whoever reads a benchmark.
    clock: str = "one run, by the runner's own clock"
    # Whether several threads may run it at once; each then has a shallow copy, so that `seconds` is its own.
    concurrent: bool = False
    # Seconds of running before its times can settle: a just-in-time compiler has to come to it first.
    warm_up: float = 0.05

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None: ...

    def __enter__(self) -> Runner: ...

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None: ...

    def run(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """Outputs by name for inputs by name; arrays of the signature's dtypes and shapes."""
        ...

    def times(self, inputs: Sequence[Arrays], count: int) -> list[float]:
        """Seconds of `count` runs, by the same clock as `seconds`, on the sets of inputs in turn.

        Overridden where the loop can stand closer to the model: in its own JVM, say.
        """
        found = []
        for number in range(count):
            self.run(inputs[number % len(inputs)])
            found.append(self.seconds)
        return found

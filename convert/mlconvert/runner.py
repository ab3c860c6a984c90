"""A runner opens one artifact and runs it: the real thing, on the device that it is made for."""

from __future__ import annotations

from collections.abc import Mapping
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

    def __init__(self, artifact: Artifact, *, trust: bool = False) -> None: ...

    def __enter__(self) -> Runner: ...

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None: ...

    def run(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """Outputs by name for inputs by name; arrays of the signature's dtypes and shapes."""
        ...

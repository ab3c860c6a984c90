"""mlconvert: from a trained model to a production artifact, with proof that it is the same model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mlconvert.api import Result as Result
    from mlconvert.api import bench as bench
    from mlconvert.api import convert as convert
    from mlconvert.api import inspect as inspect
    from mlconvert.api import open as open
    from mlconvert.api import validate as validate

__all__ = ["Result", "bench", "convert", "inspect", "open", "validate"]


def __getattr__(name: str) -> Any:
    # The command line and the workers import this package too: what they do not use is not loaded.
    if name in __all__:
        from mlconvert import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""numpy and TensorFlow under their usual names, loaded when they are first used.

Every file of this package takes them from here: importing it stays light, and no handler begins with imports.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf
else:

    class _Lazy:
        def __init__(self, module: str) -> None:
            self._module = module

        def __getattr__(self, name: str) -> Any:
            found = getattr(importlib.import_module(self._module), name)
            setattr(self, name, found)
            return found

    np, tf = _Lazy("numpy"), _Lazy("tensorflow")

__all__ = ["np", "tf"]

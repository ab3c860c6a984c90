"""numpy and TensorFlow under their usual names, loaded when they are first used.

Every file of this package takes them from here: importing it stays light, and no handler begins with imports.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf
else:

    class _Lazy:
        def __init__(self, module: str) -> None:
            self._module = module

        def __getattr__(self, name: str) -> Any:
            found = getattr(load(self._module), name)
            setattr(self, name, found)
            return found

    np, tf = _Lazy("numpy"), _Lazy("tensorflow")


def load(module: str) -> ModuleType:
    """A module of numpy's or TensorFlow's, like `tensorflow.core.protobuf.saved_model_pb2`.

    Where Triton is installed it is loaded before TensorFlow. Each has an LLVM of its own, and the process aborts when
    Triton's is the second, which it would be when torch is used later.
    """
    if module.startswith("tensorflow") and "tensorflow" not in sys.modules:
        with contextlib.suppress(ImportError):
            importlib.import_module("triton")
    return importlib.import_module(module)


__all__ = ["load", "np", "tf"]

"""The user's own code by reference: `pkg.mod:name`, or `file.py:name`. It runs with all that it asks for."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

_REFERENCE = re.compile(r"(.+\.py|[^\W\d]\w*(\.\w+)*):[^\W\d]\w*(\.\w+)*")


def is_reference(text: str) -> bool:
    """Whether it is written `pkg.mod:name` or `file.py:name`."""
    return _REFERENCE.fullmatch(text) is not None


def found(reference: str) -> Any:
    """What the reference names. Raises whatever its import raises."""
    place, _, name = reference.rpartition(":")
    found: Any = _module(place)
    for part in name.split("."):
        found = getattr(found, part)
    return found


@contextlib.contextmanager
def importable(reference: str = "") -> Iterator[None]:
    """Modules beside the reference's file can be imported, or those of this folder, as with `python -m`."""
    place = reference.rpartition(":")[0]
    entry = str(Path(place).resolve().parent if place.endswith(".py") else Path.cwd())
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(entry)


def _module(place: str) -> ModuleType:
    if not place.endswith(".py"):
        return importlib.import_module(place)
    # The name is that of the file alone, so that what is derived from it is the same in every folder.
    path = Path(place)
    spec = importlib.util.spec_from_file_location(f"model_file_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"there is no file {place}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def last_line(error: BaseException) -> str:
    """What was raised in the user's code, and where."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"

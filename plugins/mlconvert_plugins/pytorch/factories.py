"""`--model pkg.mod:factory` and `--model file.py:factory`: the user's code that makes the module for bare weights."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    import torch


def factory_of(artifact: Artifact) -> str:
    """The factory that came with the artifact. Raises ConversionError (`needs-model`) when none did."""
    if artifact.model:
        return artifact.model
    raise ConversionError(
        f"{for_terminal(artifact.path.name)} holds weights and no model",
        code="needs-model",
        where=artifact.path.name,
        fix="name the function or class that makes the module: --model pkg.mod:factory or --model file.py:factory",
    )


def made(reference: str) -> torch.nn.Module:
    """The module that a factory makes when it is called without arguments.

    Raises ConversionError (`bad-model-factory`) with the last line of the user's traceback.
    """
    import torch

    place, colon, name = reference.rpartition(":")
    if not colon or not place or not name:
        raise _bad(reference, "it is not written pkg.mod:factory or file.py:factory")
    in_file = place.endswith(".py")
    with importable(Path(place).resolve().parent if in_file else Path.cwd()):
        try:
            model = _found(_module(place, in_file), name)()
        except Exception as error:  # the user's own code
            raise _bad(reference, _last_line(error)) from error
    if not isinstance(model, torch.nn.Module):
        raise _bad(reference, f"it returned a {type(model).__name__}, and no torch.nn.Module")
    return model


@contextlib.contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Modules of `folder` can be imported, as with `python -m` started there."""
    entry = str(folder)
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(entry)


def _module(place: str, in_file: bool) -> ModuleType:
    if not in_file:
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


def _found(module: ModuleType, name: str) -> Callable[[], Any]:
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]


def _last_line(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"


def _bad(reference: str, reason: str) -> ConversionError:
    return ConversionError(
        f"the factory {for_terminal(reference)} makes no model: {for_terminal(reason)}",
        code="bad-model-factory",
        where=reference,
        fix="give a function or class that needs no arguments and returns the torch.nn.Module",
    )

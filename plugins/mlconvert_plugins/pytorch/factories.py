"""`--model pkg.mod:factory` and `--model file.py:factory`: the user's code that makes the module for bare weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlconvert import usercode
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

    if not usercode.is_reference(reference):
        raise _bad(reference, "it is not written pkg.mod:factory or file.py:factory")
    try:
        with usercode.importable(reference):
            model = usercode.found(reference)()
    except Exception as error:  # the user's own code
        raise _bad(reference, usercode.last_line(error)) from error
    if not isinstance(model, torch.nn.Module):
        raise _bad(reference, f"it returned a {type(model).__name__}, and no torch.nn.Module")
    return model


def _bad(reference: str, reason: str) -> ConversionError:
    return ConversionError(
        f"the factory {for_terminal(reference)} makes no model: {for_terminal(reason)}",
        code="bad-model-factory",
        where=reference,
        fix="give a function or class that needs no arguments and returns the torch.nn.Module",
    )

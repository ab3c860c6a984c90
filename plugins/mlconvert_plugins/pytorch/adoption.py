"""Writing live PyTorch objects to files, leaving them as they are."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal
from mlconvert_plugins.pytorch.failures import summary
from mlconvert_plugins.pytorch.quiet import quiet

if TYPE_CHECKING:
    import torch


def adopt(obj: Any, out: Path) -> str | None:
    """Write an ExportedProgram, a ScriptModule or a Module to `out`; its flavour, or None for anything else.

    Raises ConversionError (`cannot-be-saved`) for a module that cannot be copied or pickled.
    """
    import torch

    with quiet():
        if isinstance(obj, torch.export.ExportedProgram):
            with out.open("wb") as stream:
                torch.export.save(obj, stream)
            return "exported"
        if isinstance(obj, torch.jit.ScriptModule):
            torch.jit.save(obj, str(out))
            return "torchscript"
        if isinstance(obj, torch.nn.Module):
            # torch.compile wraps the module that it compiles.
            _pickle(getattr(obj, "_orig_mod", obj), out)
            return "pickled"
    return None


def _pickle(module: torch.nn.Module, out: Path) -> None:
    import cloudpickle  # type: ignore[import-untyped]
    import torch

    try:
        # By value, so that classes of a notebook or a script can be opened in another process.
        torch.save(_in_eval_mode(module), out, pickle_module=cloudpickle)
    except Exception as error:  # pickling runs the module's own code
        raise ConversionError(
            f"the module {for_terminal(type(module).__name__)} cannot be written to a file: {summary(error)}",
            code="cannot-be-saved",
            where=type(module).__name__,
            fix="export it with torch.export.export, and convert the program",
        ) from error


def _in_eval_mode(module: torch.nn.Module) -> torch.nn.Module:
    """A copy on the CPU in eval mode. Its weights are the original's own memory, so that copying takes none."""
    import torch

    memo: dict[int, Any] = {id(p): torch.nn.Parameter(p.detach(), p.requires_grad) for p in module.parameters()}
    memo |= {id(buffer): buffer.detach() for buffer in module.buffers()}
    return copy.deepcopy(module, memo).eval().cpu()

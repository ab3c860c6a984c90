"""A PyTorch artifact as a function from named tensors to named tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlconvert.artifact import Artifact
from mlconvert.signature import Signature
from mlconvert_plugins.pytorch import programs, scripts, signatures
from mlconvert_plugins.pytorch.loading import load
from mlconvert_plugins.pytorch.quiet import quiet

if TYPE_CHECKING:
    import torch

    Call = Callable[[Mapping[str, torch.Tensor]], Mapping[str, torch.Tensor]]


def callable_of(artifact: Artifact, trust: bool) -> tuple[Call, Signature]:
    """The model's call by names, and the signature that the file itself holds. Raises ConversionError."""
    model: Any = load(artifact, trust=trust)
    if artifact.flavour == "exported":
        program = programs.named(model)
        with quiet():
            module = model.module()
        return (lambda inputs: programs.call(program, module, inputs)), signatures.of_program(model)
    own = signatures.of_script(model) if artifact.flavour == "torchscript" else Signature()
    return (lambda inputs: scripts.answer(model, inputs)), own

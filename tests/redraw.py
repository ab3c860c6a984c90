"""A seeded law that re-draws a network so that damage anywhere in it reaches the output.

Freshly made networks hide most damage: the last norm of a residual branch, and layer scales, start at zero or 1e-6, so
that the branch adds nothing; and BN statistics of 0 and 1 let the signal die away, down to outputs of 1e-5. Here no
branch is switched off and the signal keeps its size from end to end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

# Small beside the signal: a bias of its size would reach the output in place of what the weights made.
BIAS = 0.05
# Position embeddings, class tokens, tables of relative positions: they stand beside values of unit size.
EMBEDDING = 0.5
# Added to the biases of batch norms. Networks of batch norms and rectifiers multiply every difference, rounding errors
# too, from layer to layer (Yang et al., A Mean Field Theory of Batch Normalization, 2019). A rectifier that cuts less
# off multiplies less: without it, rounding alone leaves the tolerance after some fifty layers.
SHIFT = 1.0
# Scales of norms, layer scales, gains: never near zero, which would switch their branch off.
SCALE = (0.5, 1.5)


def redraw(model: nn.Module, seed: int, *inputs: torch.Tensor) -> nn.Module:
    """Re-draw every parameter and batch-norm statistic of `model` in place, and return it in eval mode.

    `inputs` are noise of the model's input shapes, of batch 2 or more, from which the statistics are taken: means and
    variances that the drawn weights really lead to, so that normalised values are of unit size. The law draws from its
    own generator; the global one is neither read nor seeded.

    Weights are N(0, 1/fan_in): their products are as large as what goes in. Larger ones sharpen attention until
    rounding alone leaves the tolerance; smaller ones leave softmax so flat that what shapes it hardly matters.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            _draw(name.rpartition(".")[2], parameter, generator)
        norms = [module for module in model.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
        for norm in norms:
            if norm.affine:
                norm.bias.add_(SHIFT)
        _measure_statistics(model.eval(), norms, inputs)
    return model


def noise(seed: int, *shape: int) -> torch.Tensor:
    """N(0, 1) of that shape, from a generator of its own."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _draw(name: str, parameter: torch.Tensor, generator: torch.Generator) -> None:
    if parameter.dim() <= 1 and "bias" in name:
        parameter.normal_(0.0, BIAS, generator=generator)
    elif parameter.dim() <= 1 or "gain" in name:
        parameter.uniform_(*SCALE, generator=generator)
    elif "weight" in name:
        parameter.normal_(0.0, 1 / math.sqrt(parameter[0].numel()), generator=generator)
    else:
        parameter.normal_(0.0, EMBEDDING, generator=generator)


def _measure_statistics(model: nn.Module, norms: Sequence[_BatchNorm], inputs: tuple[torch.Tensor, ...]) -> None:
    """One pass with the batch norms alone in training mode: dropout would draw from the global generator."""
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain average of what is seen, not a mixture with 0 and 1
        norm.train()
    model(*inputs)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()

"""Exported programs to convert, with a dynamic batch; their weights are as random as torch leaves them."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch

BATCH = (1, 8, 32)


def write_timm(name: str, size: int, out: Path) -> Path:
    """A timm model for images of that height and width."""
    import timm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # timm's own, about names that will change
        model = timm.create_model(name)
    return _write(model, (3, size, size), out)


def write_layers(count: int, width: int, out: Path) -> Path:
    """`count` square linear layers with rectifiers between: 4 · count · width² bytes of weights."""
    from torch import nn

    layers = [layer for _ in range(count) for layer in (nn.Linear(width, width, bias=False), nn.ReLU())]
    return _write(nn.Sequential(*layers), (width,), out)


def _write(model: torch.nn.Module, shape: tuple[int, ...], out: Path) -> Path:
    least, usual, most = BATCH
    batch = torch.export.Dim("batch", min=least, max=most)
    example = torch.zeros(usual, *shape)
    torch.export.save(torch.export.export(model.eval(), (example,), dynamic_shapes=({0: batch},)), out)
    return out

"""Small networks, and ONNX files of them with one fault each: a wrong weight, a wrong epsilon, an overflow in FP16."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn


class Residual(nn.Module):
    """A convolution with its norm, and the way around them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)).relu() + x


class Cnn(nn.Module):
    """A residual network of four blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3)
        self.blocks = nn.Sequential(*(Residual() for _ in range(4)))
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


class Transformer(nn.Module):
    """One block on token ids, whose values are large in one place: beyond what FP16 holds."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(40, 16)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.norm = nn.LayerNorm(16)
        self.up, self.down = nn.Linear(16, 32), nn.Linear(32, 16)
        self.last = nn.LayerNorm(16)
        self.head = nn.Linear(16, 5)
        with torch.no_grad():
            self.up.weight *= 6e4
            self.down.weight *= 1e-4

    def forward(self, ids: Tensor) -> Tensor:
        x = self.table(ids)
        x = x + self.attention(x, x, x, need_weights=False)[0]
        x = x + self.down(self.up(self.norm(x)).relu())
        return self.head(self.last(x))


def wrong_weight(good: Path, weight: str, out: Path) -> Path:
    """A copy of the file in which half of the elements of one initializer have the other sign."""
    proto = onnx.load(good)
    (tensor,) = (one for one in proto.graph.initializer if one.name == weight)
    array = numpy_helper.to_array(tensor).copy()
    array[len(array) // 2 :] *= -1
    tensor.CopyFrom(numpy_helper.from_array(array, weight))
    out.write_bytes(proto.SerializeToString())
    return out


def wrong_epsilon(good: Path, node: str, out: Path) -> Path:
    """A copy of the file in which the named LayerNormalization has an epsilon of 0.1."""
    proto = onnx.load(good)
    (norm,) = (one for one in proto.graph.node if one.name == node)
    (epsilon,) = (one for one in norm.attribute if one.name == "epsilon")
    epsilon.f = 0.1
    out.write_bytes(proto.SerializeToString())
    return out


def half(good: Path, out: Path) -> Path:
    """The file in FP16, but for its inputs and outputs."""
    from onnxruntime.transformers.float16 import convert_float_to_float16

    out.write_bytes(convert_float_to_float16(onnx.load(good), keep_io_types=True).SerializeToString())
    return out


def ids(seed: int = 0) -> dict[str, np.ndarray]:
    """Tokens that look up every row of the Transformer's table."""
    drawn = np.random.default_rng(seed).permutation(40).reshape(4, 10)
    return {"ids": drawn.astype(np.int64)}

"""torch → tf, the whole route, on a sample: a mobile CNN and a transformer block, with oneDNN and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mlconvert import frame
from mlconvert.api import read_dims, read_inputs
from mlconvert.artifact import Artifact
from mlconvert.request import Request
from mlconvert.worker import Worker
from redraw import noise, redraw

# TensorFlow reads it when it loads, so that each setting has a process of its own.
SWITCH = "TF_ENABLE_ONEDNN_OPTS"


class Inverted(nn.Module):
    """An inverted residual with squeeze and excitation (Howard et al., Searching for MobileNetV3, 2019)."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        wide = 3 * channels
        self.expand = nn.Sequential(nn.Conv2d(channels, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.Hardswish())
        self.spread = nn.Sequential(
            nn.Conv2d(wide, wide, 5, stride, 2, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.ReLU6()
        )
        self.gate = nn.Sequential(nn.Conv2d(wide, 4, 1), nn.ReLU(), nn.Conv2d(4, wide, 1), nn.Hardsigmoid())
        self.project = nn.Sequential(nn.Conv2d(wide, channels, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        y = self.spread(self.expand(x))
        y = self.project(y * self.gate(y.mean((2, 3), keepdim=True)))
        return x + y if y.shape == x.shape else y


def cnn() -> nn.Module:
    """With a grouped convolution, too, which TensorFlow has no kernel for that is fused, without oneDNN."""
    blocks = [nn.Conv2d(3, 8, 3, 2, 1), Inverted(8, 1), Inverted(8, 2), nn.Conv2d(8, 8, 3, groups=2), nn.ReLU()]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)]
    return redraw(nn.Sequential(*blocks, *head), 1, noise(1, 8, 3, 32, 32))


class Block(nn.Module):
    """Tokens, positions, and one block of attention and a gated perceptron."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(50, 16), nn.Embedding(32, 16)
        self.before, self.between = nn.LayerNorm(16), nn.LayerNorm(16)
        self.qkv, self.mix = nn.Linear(16, 48), nn.Linear(16, 16)
        self.up, self.down = nn.Linear(16, 64), nn.Linear(32, 16)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1], device=ids.device))
        heads = self.qkv(self.before(x)).reshape(*ids.shape, 3, 4, 4).permute(2, 0, 3, 1, 4)
        found = nn.functional.scaled_dot_product_attention(heads[0], heads[1], heads[2], is_causal=True)
        x = x + self.mix(found.transpose(1, 2).reshape(x.shape))
        value, gate = self.up(self.between(x)).chunk(2, -1)
        return x + self.down(value * nn.functional.gelu(gate))


def transformer() -> nn.Module:
    return redraw(Block(), 1, torch.arange(8).reshape(2, 4))


@pytest.fixture(scope="module")
def workers() -> Iterator[tuple[Worker, Worker]]:
    with Worker(environment={SWITCH: "0"}) as off, Worker(environment={SWITCH: "1"}) as on:
        yield off, on


@pytest.mark.parametrize(
    ("make", "words", "dims"),
    [
        (cnn, "input:float32[batch,3,32,32]", {"batch": (1, 3, 4)}),
        (transformer, "ids:int64[batch,seq]=0..49", {"batch": (1, 3, 4), "seq": (2, 7, 16)}),
    ],
    ids=["cnn", "transformer"],
)
def test_it_computes_what_its_source_computes(
    make: Callable[[], nn.Module],
    words: str,
    dims: dict[str, tuple[int, int, int]],
    workers: tuple[Worker, Worker],
    tmp_path: Path,
) -> None:
    off, on = workers
    request = Request(
        source=make(),
        target="tf",
        out=tmp_path / "model.savedmodel",
        inputs=read_inputs(words),
        dims=read_dims(dims),
        keep=True,
        cache=False,
    )
    result = frame.run(request, worker=off)
    assert result.parity["status"] == "passed", result.parity["reason"]
    assert {probe["sizes"]["batch"] for probe in result.parity["checks"][-1]["probes"]} == {1, 3, 4}
    (model,) = tmp_path.glob("*.onnx")
    check = on.call(
        "mlconvert.parity:check",
        source=Artifact(model, "onnx", None, result.artifact.signature),
        artifact=result.artifact,
        context={"scratch": tmp_path, "cache": tmp_path},
    )
    assert check["status"] == "passed", check["reason"]

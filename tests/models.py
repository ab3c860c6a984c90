"""Tiny PyTorch models of the shapes that real ones come in, shared by the tests; each stands in for a family."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Cnn(nn.Module):
    """Convolutions, batch norm, a residual branch."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.branch = nn.Conv2d(4, 4, 3, padding=1)
        self.head = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.stem(x)).relu()
        x = x + self.branch(x)
        return self.head(x.mean((2, 3)))


class Vit(nn.Module):
    """Patches, a class token, self-attention."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1)
        x = x + self.attention(x, x, x, need_weights=False)[0]
        return self.head(self.norm(x)[:, 0])


class Attention(nn.Module):
    """Scaled dot products, causal and plain, of whatever rank comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.projections = nn.Linear(4, 12)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.projections(x).chunk(3, -1)
        product = nn.functional.scaled_dot_product_attention
        return product(q, k, v, is_causal=True) + product(q, k, v, attn_mask=q.new_zeros(q.shape[-2], k.shape[-2]))


class Standardised(nn.Conv2d):
    """A convolution that standardises its weights by a batch norm without statistics, as NFNets do."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        flat = self.weight.reshape(1, self.out_channels, -1)
        weight = nn.functional.batch_norm(flat, None, None, training=True, momentum=0.0)
        return nn.functional.conv2d(x, weight.reshape_as(self.weight), self.bias)


class Lstm(nn.Module):
    """A recurrent network, whose state is an output too."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTM(4, 6, batch_first=True)

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        return self.cell(x)


class Mixed(nn.Module):
    """Integers looked up in an embedding, a boolean mask, a dict of outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(50, 4)
        self.mix = nn.Linear(4, 3)

    def forward(self, ids: Tensor, mask: Tensor, scale: Tensor) -> dict[str, Tensor]:
        found = self.mix(self.table(ids)) * scale[:, None, None]
        return {"kept": found.masked_fill(~mask[..., None], 0.0), "count": mask.sum(1)}


@dataclasses.dataclass
class Answer:
    logits: Tensor
    parts: list[Tensor]
    extra: Tensor | None = None


class Structured(nn.Module):
    """Nested inputs, and an output of a class that torch does not know."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(4, 3)

    def forward(self, pair: tuple[Tensor, Tensor], more: dict[str, Tensor], flag: bool = False) -> Answer:
        first = self.mix(pair[0] + more["shift"])
        return Answer(first, [pair[1] * 2, first.sum(-1)])


class Nested(nn.Module):
    """Nested inputs and outputs of the containers that torch knows."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(4, 3)

    def forward(self, pair: tuple[Tensor, Tensor], more: dict[str, Tensor]) -> dict[str, Any]:
        first = self.mix(pair[0] + more["shift"])
        return {"first": first, "rest": (pair[1] * 2, first.sum(-1))}


class Doubling(nn.Module):
    """Keeps its input's dtype."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 2


class Dropping(nn.Module):
    """Random while it trains."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(x, 0.5, self.training)


class Counting(nn.Module):
    """Remembers how often it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.calls.add_(1)
        return x + self.calls


class Spans(NamedTuple):
    start: Tensor
    end: Tensor


class Passing(nn.Module):
    """The same tensor twice, an input passed on, names that the exporter would like for itself."""

    def forward(self, relu: Tensor) -> tuple[Spans, Tensor]:
        doubled = (relu * 2).relu()
        return Spans(doubled, doubled), relu


class Baked(nn.Module):
    """Its first axis is 3, whatever comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.mix(x).reshape(3, -1) * 2


class Deciding(nn.Module):
    """Its way depends on the values of its input."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 2 if x.sum() > 0 else x


class Odd(nn.Module):
    """Computes with an operator that ONNX does not have."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.special.airy_ai(x)


class Factory(nn.Module):
    """What `--model` calls: without arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Linear(4, 4)
        self.two = nn.Linear(4, 2)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.two(self.one(x).relu())
        return x if y is None else x + y


def bert() -> nn.Module:
    """A transformers model from a random config, whose output is a ModelOutput."""
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=50,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
    )
    return drawn(lambda: BertModel(config))


def drawn(make: Callable[[], nn.Module]) -> nn.Module:
    """A module in eval mode whose every parameter and statistic is drawn from a fixed law, so that each matters."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = make()
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for name, value in [*model.named_parameters(), *model.named_buffers()]:
                if value.is_floating_point():
                    noise = (
                        torch.randn(value.shape, generator=generator)
                        / max(1, value[0].numel() if value.dim() > 1 else 4) ** 0.5
                    )
                    value.copy_(noise.abs() + 0.5 if "var" in name else noise)
    return model.eval()


def scripted(model: nn.Module) -> torch.jit.ScriptModule:
    """What torch.jit.script makes of it; torch says on every use that it is on its way out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return torch.jit.script(model)


def traced(model: nn.Module, *inputs: Tensor) -> torch.jit.ScriptModule:
    """What torch.jit.trace makes of it, without its warnings about what it bakes in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.trace(model, inputs, strict=False, check_trace=False)


def not_a_model() -> Any:
    return 3


def failing() -> nn.Module:
    raise ValueError("no such checkpoint")

"""Networks of other kinds than timm's: language, speech, sequences, segmentation, detection; small, and re-drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import transformers
from torch import Tensor, nn
from transformers.models.whisper import modeling_whisper

from redraw import noise, redraw

SEED = 1
VOCABULARY = 100
TOKENS = f"ids:int64[batch,seq]=0..{VOCABULARY - 1}"
SEQUENCE: Mapping[str, tuple[int, int, int]] = {"seq": (4, 12, 32)}


@dataclass(frozen=True)
class Network:
    """One network: `inputs` as the command line writes them, `dims` beside the batch, `make` for the module."""

    family: str
    name: str
    inputs: tuple[str, ...]
    make: Callable[[], nn.Module]
    dims: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The name, under which its row is kept."""
        return self.name


class Encoding(nn.Module):
    """A transformers model, of which the last hidden state is the answer."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor) -> Tensor:
        return self.model(ids)[0]


class Masked(nn.Module):
    """A transformers model that is told which tokens are padding."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.model(ids, attention_mask=mask)[0]


def _tokens(model: nn.Module) -> nn.Module:
    return redraw(Encoding(model), SEED, torch.arange(8).reshape(2, 4))


def _small(**more: Any) -> dict[str, Any]:
    return {"vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 64, **more}


def _layers(**more: Any) -> dict[str, Any]:
    return _small(num_hidden_layers=2, num_attention_heads=4, **more)


def bert() -> nn.Module:
    model = transformers.BertModel(transformers.BertConfig(**_layers(max_position_embeddings=64)))
    ids = torch.arange(8).reshape(2, 4)
    return redraw(Masked(model), SEED, ids, torch.ones_like(ids))


def distilbert() -> nn.Module:
    config = transformers.DistilBertConfig(
        vocab_size=VOCABULARY, dim=32, hidden_dim=64, n_layers=2, n_heads=4, max_position_embeddings=64
    )
    return _tokens(transformers.DistilBertModel(config))


def roberta() -> nn.Module:
    return _tokens(transformers.RobertaModel(transformers.RobertaConfig(**_layers(max_position_embeddings=64))))


def gpt2() -> nn.Module:
    config = transformers.GPT2Config(
        vocab_size=VOCABULARY, n_positions=64, n_embd=32, n_layer=2, n_head=4, use_cache=False
    )
    return _tokens(transformers.GPT2LMHeadModel(config))


def llama() -> nn.Module:
    config = transformers.LlamaConfig(**_layers(num_key_value_heads=2, max_position_embeddings=64, use_cache=False))
    return _tokens(transformers.LlamaForCausalLM(config))


def t5_encoder() -> nn.Module:
    config = transformers.T5Config(
        vocab_size=VOCABULARY, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, use_cache=False
    )
    # torch's exporter cannot write T5's other ways to attend.
    config._attn_implementation = "eager"
    return _tokens(transformers.T5EncoderModel(config))


class Listening(nn.Module):
    """Whisper's encoder, whose input is a spectrogram."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, spectrogram: Tensor) -> Tensor:
        return self.model(spectrogram)[0]


def whisper_encoder() -> nn.Module:
    config = transformers.WhisperConfig(
        d_model=32, encoder_layers=2, encoder_attention_heads=4, encoder_ffn_dim=64, max_source_positions=50
    )
    return redraw(Listening(modeling_whisper.WhisperEncoder(config)), SEED, noise(SEED, 2, 80, 100))


class Seeing(nn.Module):
    """A transformers model of images, of which the last hidden state is the answer."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)[0]


def vit() -> nn.Module:
    config = transformers.ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=32, patch_size=8
    )
    return redraw(Seeing(transformers.ViTModel(config)), SEED, noise(SEED, 2, 3, 32, 32))


class Recurrent(nn.Module):
    """A two-layer recurrent network that reads both ways; its state at the end is an output, too."""

    def __init__(self, kind: type[nn.RNNBase]) -> None:
        super().__init__()
        self.cell = kind(16, 32, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y, state = self.cell(x)
        return self.head(y), state[0] if isinstance(state, tuple) else state


def recurrent(kind: type[nn.RNNBase]) -> Callable[[], nn.Module]:
    return lambda: redraw(Recurrent(kind), SEED, noise(SEED, 2, 6, 16))


def _twice(inside: int, outside: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (inside, outside):
        layers += [nn.Conv2d(channels, outside, 3, padding=1), nn.BatchNorm2d(outside), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Ronneberger et al., 2015: down three times, up by transposed convolutions, each level's map passed across."""

    def __init__(self, *channels: int) -> None:
        super().__init__()
        self.down = nn.ModuleList(_twice(*pair) for pair in zip((3, *channels), channels, strict=False))
        pairs = list(zip(channels[:0:-1], channels[-2::-1], strict=True))
        self.widen = nn.ModuleList(nn.ConvTranspose2d(deep, flat, 2, stride=2) for deep, flat in pairs)
        self.up = nn.ModuleList(_twice(2 * flat, flat) for _, flat in pairs)
        self.head = nn.Conv2d(channels[0], 5, 1)

    def forward(self, x: Tensor) -> Tensor:
        passed = []
        for number, level in enumerate(self.down):
            x = level(nn.functional.max_pool2d(x, 2) if number else x)
            passed.append(x)
        for widen, level, across in zip(self.widen, self.up, passed[-2::-1], strict=True):
            x = level(torch.cat([across, widen(x)], dim=1))
        return self.head(x)


def unet() -> nn.Module:
    return redraw(UNet(8, 16, 32), SEED, noise(SEED, 4, 3, 64, 64))


class Detector(nn.Module):
    """One box for each cell of a small backbone's map, and torchvision's NMS over all images at once."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(*_twice(3, 16), nn.MaxPool2d(4), *_twice(16, 32), nn.MaxPool2d(2))
        self.boxes = nn.Conv2d(32, 4, 1)
        self.scores = nn.Conv2d(32, 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        from torchvision.ops import nms

        features = self.backbone(x)
        height, width = features.shape[2:]
        corners = torch.stack(torch.meshgrid(torch.arange(width), torch.arange(height), indexing="xy"), -1)
        offsets, extents = self.boxes(features).permute(0, 2, 3, 1).sigmoid().chunk(2, -1)
        start = corners + offsets
        boxes = torch.cat([start, start + 4 * extents], -1).reshape(-1, 4)
        scores = self.scores(features).sigmoid().reshape(-1)
        image = torch.arange(x.shape[0]).repeat_interleave(height * width)
        # Boxes of different images never meet: each image stands on ground of its own.
        kept = nms(boxes + image[:, None] * 1000.0, scores, 0.3)
        return boxes[kept], scores[kept], image[kept]


def detector() -> nn.Module:
    import torchvision

    assert torchvision.ops.nms  # registers the operator that torch's exporter knows
    return redraw(Detector(), SEED, noise(SEED, 4, 3, 64, 64))


NETWORKS = (
    Network("transformer, masked", "BERT", (TOKENS, "mask:int64[batch,seq]=0..1"), bert, SEQUENCE),
    Network("transformer", "DistilBERT", (TOKENS,), distilbert, SEQUENCE),
    Network("transformer", "RoBERTa", (TOKENS,), roberta, SEQUENCE),
    Network("transformer, causal", "GPT-2", (TOKENS,), gpt2, SEQUENCE),
    Network("transformer, causal, rotary", "Llama", (TOKENS,), llama, SEQUENCE),
    Network("transformer, relative positions", "T5 encoder", (TOKENS,), t5_encoder, SEQUENCE),
    Network("transformer, speech", "Whisper encoder", ("spectrogram:float32[batch,80,100]",), whisper_encoder),
    Network("transformer, images", "ViT", ("x:float32[batch,3,32,32]",), vit),
    Network("recurrent, both ways", "LSTM", ("x:float32[batch,12,16]",), recurrent(nn.LSTM)),
    Network("recurrent, both ways", "GRU", ("x:float32[batch,12,16]",), recurrent(nn.GRU)),
    Network("segmentation", "U-Net", ("x:float32[batch,3,64,64]",), unet),
    Network("detection, NMS", "detector", ("x:float32[batch,3,64,64]",), detector),
)

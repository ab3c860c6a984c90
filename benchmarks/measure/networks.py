"""Networks to convert: exported once with seeded weights and a dynamic batch, and kept in a folder that git ignores."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from measure.forest_models import KEPT

_KERAS = Path(__file__).parent / "peers" / "keras_applications.py"


@dataclass(frozen=True)
class Network:
    """A network in torch and what it is called with, but for the batch axis, which is the first of every input."""

    make: Callable[[], Any]
    inputs: Callable[[np.random.Generator], dict[str, np.ndarray]]


def files(name: str) -> tuple[Path, Path]:
    """The network as ONNX, and a batch of one in an .npz."""
    folder = KEPT / name
    model, inputs = folder / "model.onnx", folder / "inputs.npz"
    folder.mkdir(parents=True, exist_ok=True)
    network = NETWORKS[name]
    if not inputs.exists():
        np.savez(inputs, allow_pickle=False, **network.inputs(np.random.default_rng(0)))
    if not model.exists():
        _export(network, model)
    return model, inputs


def keras_files(name: str) -> tuple[Path, Path, Path]:
    """A network of keras.applications as ONNX and as Keras's SavedModel, with the same weights, and a batch of one."""
    folder = KEPT / f"keras-{name}"
    model, saved, inputs = folder / "model.onnx", folder / "keras", folder / "inputs.npz"
    folder.mkdir(parents=True, exist_ok=True)
    if not inputs.exists():
        np.savez(inputs, x=np.random.default_rng(0).random((1, 224, 224, 3), dtype=np.float32))
    for backend, made in (("torch", model), ("tensorflow", saved)):
        if not made.exists():
            subprocess.run([sys.executable, _KERAS, backend, name, folder / "w.weights.h5", made], check=True)
    return model, saved, inputs


def _export(network: Network, path: Path) -> None:
    """By way of mlconvert's own route, with a batch of 1 to 8."""
    import torch

    import mlconvert

    torch.manual_seed(0)
    inputs = network.inputs(np.random.default_rng(0))
    words = [f"{name}:{x.dtype}[{','.join(['batch', *map(str, x.shape[1:])])}]" for name, x in inputs.items()]
    module = network.make().eval()
    _move(module)
    mlconvert.convert(module, "onnx", path, inputs=words, dims={"batch": (1, 1, 8)}, validate=False, trust=True)


def _move(module: Any) -> None:
    """Away from ones and zeros, which optimizers take out and trained networks do not have."""
    import torch

    with torch.no_grad():
        for tensor in [*module.parameters(), *module.buffers()]:
            if tensor.dim() == 1 and tensor.is_floating_point():
                tensor.add_(0.1 * torch.rand_like(tensor))


def _timm(name: str, **more: Any) -> Network:
    def make() -> Any:
        import timm

        return timm.create_model(name, **more)

    return Network(make, lambda generator: {"x": generator.random((1, 3, 224, 224), dtype=np.float32)})


def _bert() -> Any:
    """BERT's base layers, four of its twelve."""
    import transformers

    return transformers.BertModel(transformers.BertConfig(num_hidden_layers=4, return_dict=False))


def _tokens(generator: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "input_ids": generator.integers(0, 30_000, (1, 128)),
        "attention_mask": np.ones((1, 128), np.int64),
    }


def _recurrent(kind: str) -> Network:
    """100 steps, 64 to 128."""

    def make() -> Any:
        from torch import nn

        return getattr(nn, kind)(64, 128, batch_first=True)

    return Network(make, lambda generator: {"input": generator.standard_normal((1, 100, 64)).astype(np.float32)})


NETWORKS = {
    **{
        name: _timm(name)
        for name in (
            "resnet18", "mobilenetv3_small_100", "mobilenetv3_large_100", "efficientnet_b0", "convnext_atto",
            "vit_tiny_patch16_224", "swin_tiny_patch4_window7_224",
        )
    },
    "BERT, 4 layers": Network(_bert, _tokens),
    "LSTM": _recurrent("LSTM"),
    "GRU": _recurrent("GRU"),
}  # fmt: skip

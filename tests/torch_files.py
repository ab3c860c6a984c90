"""Steps that the tests of the torch plugins share: write a model, describe it, convert it, run both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mlconvert.artifact import Artifact
from mlconvert.errors import refuse
from mlconvert.probes import draw
from mlconvert.signature import Signature, parse_dim_range, parse_tensor
from mlconvert.stage import Context, Outcome
from mlconvert_plugins.onnx_runner import OnnxRunner
from mlconvert_plugins.torch import Torch
from mlconvert_plugins.torch2onnx import Torch2Onnx, TorchOptions
from mlconvert_plugins.torch_runner import TorchRunner

FORMAT = Torch()
STAGE = Torch2Onnx()


@dataclass(frozen=True)
class Made:
    """One conversion: what went in, what came out, and the context it ran in."""

    source: Artifact
    artifact: Artifact
    outcome: Outcome
    ctx: Context
    said: list[dict[str, Any]] = field(default_factory=list)


def live(obj: Any, folder: Path) -> Path:
    """A live object, adopted."""
    path = folder / "model.pt"
    assert FORMAT.adopt(obj, path)
    return path


def source(
    path: Path, inputs: Sequence[str] = (), dims: Sequence[str] = (), *, model: str | None = None, trust: bool = True
) -> Artifact:
    """The artifact with its own signature and the user's words worked in, as the frame does it."""
    artifact = Artifact(path, "torch", FORMAT.sniff(path), model=model)
    own = FORMAT.signature(artifact, trust=trust)
    words = own.merged([parse_tensor(text) for text in inputs], dict(parse_dim_range(text) for text in dims))
    return replace(artifact, signature=words)


def convert(artifact: Artifact, folder: Path, *, opset: int | None = None, trust: bool = True) -> Made:
    """requires, convert, ensures. Raises ConversionError like the frame."""
    for name in ("scratch", "cache", "out"):
        (folder / name).mkdir(parents=True)
    said: list[dict[str, Any]] = []
    ctx = Context(folder / "scratch", folder / "cache", trust=trust, emit=lambda kind, entry: said.append(entry))
    options = TorchOptions(opset)
    refuse(STAGE.requires(artifact, options, ctx))
    out = folder / "out" / "model.onnx"
    outcome = STAGE.convert(artifact, options, out, ctx)
    made = Artifact(out, "onnx", None, outcome.signature)
    refuse(STAGE.ensures(made, ctx))
    return Made(artifact, made, outcome, ctx, said)


def distance(made: Made) -> float:
    """The largest difference over all outputs and probes, names, shapes and dtypes being the same."""
    worst = 0.0
    with TorchRunner(made.source, trust=True) as oracle, OnnxRunner(made.artifact) as subject:
        for probe in draw(made.outcome.signature, seed=0):
            want, found = oracle.run(probe.inputs), subject.run(probe.inputs)
            assert list(want) == list(found) == [tensor.name for tensor in made.outcome.signature.outputs]
            for name, value in want.items():
                assert (value.shape, value.dtype) == (found[name].shape, found[name].dtype), (name, probe.label)
                if value.size:
                    gap = np.abs(value.astype(np.float64) - found[name].astype(np.float64)).max()
                    worst = max(worst, float(gap))
    return worst


def words(signature: Signature) -> tuple[list[str], list[str], Mapping[str, str]]:
    """A signature as a user would write it."""
    inputs, outputs = ([str(tensor) for tensor in side] for side in (signature.inputs, signature.outputs))
    return inputs, outputs, {name: str(size) for name, size in signature.dims.items()}

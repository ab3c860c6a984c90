"""The first bad node, in ONNX against ONNX, ONNX against a SavedModel, and torch against ONNX."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import faults
from graphs import write
from mlconvert import parity
from mlconvert.artifact import Artifact
from mlconvert.stage import Context, Suspect
from mlconvert_plugins.onnx import Onnx
from mlconvert_plugins.onnx2tf import Onnx2Tf
from mlconvert_plugins.torch2onnx import Torch2Onnx
from savedmodels import converted
from torch_files import convert, source

BATCH = torch.export.Dim("batch", min=1, max=8)


@dataclass(frozen=True)
class Network:
    """A network as a program and as the ONNX file made of it, with inputs for both."""

    program: Artifact
    file: Artifact
    inputs: dict[str, np.ndarray]

    @staticmethod
    def of(model: torch.nn.Module, inputs: dict[str, np.ndarray], folder: Path) -> Network:
        arguments = tuple(torch.from_numpy(array) for array in inputs.values())
        exported = torch.export.export(model.eval(), arguments, dynamic_shapes=({0: BATCH},))
        torch.export.save(exported, folder / "model.pt2")
        made = convert(source(folder / "model.pt2"), folder / "made")
        return Network(made.source, made.artifact, inputs)


@pytest.fixture(scope="module")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Network:
    torch.manual_seed(0)
    x = np.random.default_rng(0).standard_normal((2, 3, 12, 12)).astype(np.float32)
    return Network.of(faults.Cnn(), {"x": x}, tmp_path_factory.mktemp("cnn"))


@pytest.fixture(scope="module")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Network:
    torch.manual_seed(0)
    return Network.of(faults.Transformer(), faults.ids(), tmp_path_factory.mktemp("transformer"))


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    for name in ("scratch", "cache"):
        (tmp_path / name).mkdir()
    return Context(tmp_path / "scratch", tmp_path / "cache", reproducer=tmp_path / "reproducer")


def in_onnx(network: Network, bad: Path, ctx: Context) -> Suspect | None:
    return Onnx().localise(network.file, replace(network.file, path=bad), network.inputs, ctx)


def in_savedmodel(network: Network, bad: Path, ctx: Context) -> Suspect | None:
    return Onnx2Tf().localise(network.file, converted(bad), network.inputs, ctx)


def in_variables(network: Network, bad: Path, ctx: Context) -> Suspect | None:
    return Onnx2Tf().localise(network.file, converted(bad, weights="variables"), network.inputs, ctx)


def from_torch(network: Network, bad: Path, ctx: Context) -> Suspect | None:
    return Torch2Onnx().localise(network.program, replace(network.file, path=bad), network.inputs, ctx)


def from_program(network: Network, bad: Path, ctx: Context) -> Suspect | None:
    """As where the conversion itself is wrong: it makes the same file again, and the program alone tells."""
    from mlconvert.stage import Tolerance
    from mlconvert_plugins.pytorch.localising import in_program

    artifact = replace(network.file, path=bad)
    return in_program(network.program, artifact, network.inputs, ctx, Tolerance())


EDGES = pytest.mark.parametrize("localise", [in_onnx, in_savedmodel, from_torch])
Localise = Callable[[Network, Path, Context], Suspect | None]


@EDGES
def test_a_wrong_convolution(cnn: Network, localise: Localise, ctx: Context) -> None:
    bad = faults.wrong_weight(cnn.file.path, "blocks.2.conv.weight", ctx.scratch / "bad.onnx")
    suspect = localise(cnn, bad, ctx)
    assert suspect is not None and suspect.op == "Conv"
    # The norm was folded into the convolution, and the node is where it stood.
    assert suspect.source.startswith("blocks.2.norm (torch.nn.modules.batchnorm.BatchNorm2d) at faults.py:")
    assert "wrong by itself" in suspect.note and "blocks.2.conv.weight" in suspect.note
    assert_fails(ctx)


@EDGES
def test_a_wrong_embedding(transformer: Network, localise: Localise, ctx: Context) -> None:
    bad = faults.wrong_weight(transformer.file.path, "table.weight", ctx.scratch / "bad.onnx")
    suspect = localise(transformer, bad, ctx)
    assert suspect is not None and suspect.op == "Gather"
    assert suspect.source.startswith("table (torch.nn.modules.sparse.Embedding) at faults.py:")
    assert_fails(ctx)


@EDGES
def test_a_wrong_epsilon(transformer: Network, localise: Localise, ctx: Context) -> None:
    bad = faults.wrong_epsilon(transformer.file.path, "node_layer_norm", ctx.scratch / "bad.onnx")
    suspect = localise(transformer, bad, ctx)
    assert suspect is not None and suspect.op == "LayerNormalization"
    assert suspect.source.startswith("norm (torch.nn.modules.normalization.LayerNorm) at faults.py:")
    assert ("epsilon is 0.1 and not 1e-05" in suspect.note) == (localise in (in_onnx, from_torch))
    assert_fails(ctx)


@pytest.mark.parametrize("localise", [in_onnx, in_savedmodel, from_torch, from_program])
def test_an_overflow_in_half_precision(transformer: Network, localise: Localise, ctx: Context) -> None:
    bad = faults.half(transformer.file.path, ctx.scratch / "half.onnx")
    suspect = localise(transformer, bad, ctx)
    assert suspect is not None and suspect.op == "MatMul"
    assert suspect.source.startswith("up (torch.nn.modules.linear.Linear) at faults.py:")
    assert "are not finite" in suspect.note and suspect.max_abs == np.inf
    assert "infinity on one side alone" in assert_fails(ctx)["problem"]


def test_a_savedmodel_with_variables(cnn: Network, ctx: Context) -> None:
    bad = faults.wrong_weight(cnn.file.path, "blocks.1.conv.weight", ctx.scratch / "bad.onnx")
    suspect = in_variables(cnn, bad, ctx)
    assert suspect is not None and suspect.source.startswith("blocks.1.norm ")
    assert_fails(ctx)


def test_a_savedmodel_of_another_graph_is_said_to_be_one(cnn: Network, tmp_path: Path, ctx: Context) -> None:
    other = write(tmp_path / "other.onnx", "g (float[2,3,12,12] x) => (float[2,3,12,12] linear) { linear = Relu(x) }")
    suspect = in_savedmodel(cnn, other, ctx)
    assert suspect is not None and (suspect.node, suspect.reproducer) == ("", "")
    assert "onnx2tf makes another graph of this source" in suspect.note


def test_a_right_file_has_no_suspect(cnn: Network, ctx: Context) -> None:
    assert in_onnx(cnn, cnn.file.path, ctx) is None


def test_over_two_hops_the_one_between_is_made_again(transformer: Network, tmp_path: Path, ctx: Context) -> None:
    bad = faults.wrong_weight(transformer.file.path, "head.bias", ctx.scratch / "bad.onnx")
    np.savez(tmp_path / "ids.npz", **transformer.inputs)
    found = check(transformer.program.path, converted(bad).path, tmp_path / "ids.npz", ctx)
    assert (found["status"], found["stage"]) == ("failed", None)
    assert found["first_bad"]["op"] == "Add" and "head.bias" in found["first_bad"]["note"]
    assert found["first_bad"]["note"].startswith("onnx2tf: it is wrong by itself")
    assert found["first_bad"]["source"].startswith("head (torch.nn.modules.linear.Linear) at faults.py:")


def assert_fails(ctx: Context) -> dict[str, Any]:
    """The command in the reproducer's README fails, as it stands there; how its output does."""
    assert ctx.reproducer is not None
    line, *_ = (line for line in (ctx.reproducer / "README.txt").read_text().splitlines() if "mlconvert" in line)
    word, verb, one, other, *flags = shlex.split(line)
    given = {flag: value for flag, value in zip(flags[::2], flags[1::2], strict=True)}
    assert (word, verb, given.pop("--data")) == ("mlconvert", "validate", "inputs.npz")
    bounds = {flag.removeprefix("--"): float(value) for flag, value in given.items()}
    found = check(ctx.reproducer / one, ctx.reproducer / other, ctx.reproducer / "inputs.npz", ctx, **bounds)
    assert found["status"] == "failed", found
    (output,) = found["outputs"]
    with np.load(ctx.reproducer / "expected.npz") as expected, np.load(ctx.reproducer / "got.npz") as got:
        assert [*expected] == [*got] == [output["name"]]
        assert not np.allclose(expected[output["name"]], got[output["name"]], rtol=1e-4, equal_nan=True)
    # Two ONNX files are joined by no stage: their format looks for the node.
    assert one[-5:] != other[-5:] or found["first_bad"]["op"]
    return dict(output)


def check(one: Path, other: Path, data: Path, ctx: Context, **bounds: float) -> dict[str, Any]:
    """What `mlconvert validate` comes to, in this process."""
    from mlconvert import sources, subjects

    oracle, subject = sources.open_path(one), sources.open_path(other)
    subject = replace(subject, signature=sources.load_format(subject.format).signature(subject))
    edges = subjects.between(oracle, subject)
    return parity.check(
        replace(oracle, signature=subject.signature),
        subject,
        stage=edges[-1].reference if edges else None,
        reader=edges[0].reference if len(edges) > 1 else None,
        context={"scratch": ctx.scratch, "cache": ctx.cache, "data": data},
        **bounds,
    )

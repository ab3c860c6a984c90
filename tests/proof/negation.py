"""Damage that parity must see: the weights of one conv or linear layer, negated in the ONNX file."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import onnx_ir as ir
from torch import nn

from mlconvert import frame, registry
from mlconvert.artifact import Artifact
from mlconvert.request import Request
from mlconvert.worker import Worker

_LAYERS = (nn.Conv1d, nn.Conv2d, nn.Linear)
_PRODUCTS = ("Conv", "Gemm", "MatMul")
_SCOPES = "pkg.torch.onnx.name_scopes"


def layers_of(model: nn.Module) -> list[str]:
    """The conv and linear layers, in the model's order."""
    return [name for name, module in model.named_modules() if isinstance(module, _LAYERS)]


def sample(layers: Sequence[str], count: int, seed: int) -> list[str]:
    """`count` layers spread over the depth: one drawn from each of as many stretches of equal length."""
    if count >= len(layers):
        return list(layers)
    generator = random.Random(seed)
    ends = [len(layers) * number // count for number in range(count + 1)]
    return [layers[generator.randrange(low, high)] for low, high in itertools.pairwise(ends)]


@dataclass(frozen=True)
class Converted:
    """A network as an exported program and as the ONNX file that mlconvert made of it, whose parity has passed."""

    source: Artifact
    artifact: Artifact

    @staticmethod
    def of(program: Path, out: Path, worker: Worker) -> Converted:
        """Convert. An unharmed network must pass, or what follows would prove nothing."""
        result = frame.run(Request(source=program, target="onnx", out=out, cache=False), worker=worker)
        assert result.parity["status"] == "passed", result.parity["reason"]
        return Converted(Artifact(program, "torch", "exported", result.artifact.signature), result.artifact)

    def check(self, layer: str, worker: Worker, *, localise: bool = False) -> dict[str, Any]:
        """What parity says of the ONNX file with that layer negated, against the program as it was.

        `localise` has the edge look for the first bad node, too; without it the same tolerance is the default's.
        """
        damaged = self.artifact.path.with_name("damaged.onnx")
        negate(self.artifact.path, layer, damaged)
        found: dict[str, Any] = worker.call(
            "mlconvert.parity:check",
            source=self.source,
            artifact=replace(self.artifact, path=damaged),
            stage=registry.reference(registry.STAGES, "torch2onnx") if localise else None,
            context={"scratch": damaged.parent, "cache": damaged.parent},
        )
        return found


def excess(check: dict[str, Any]) -> float:
    """The largest error of a check in units of what the tolerance allows."""
    return max(float(output["excess"]) for output in check["outputs"])


def negate(model: Path, layer: str, out: Path) -> None:
    """Write a copy of the model in which the weights of one layer have the other sign.

    Raises LookupError where the graph holds no weights of that layer.
    """
    loaded = ir.load(model)
    found = {id(value): value for value in _weights(loaded.graph, layer)}
    if not found:
        raise LookupError(f"{model.name} has no weights of {layer}")
    for value in found.values():
        assert value.const_value is not None
        value.const_value = ir.tensor(-value.const_value.numpy(), name=value.name)
    ir.save(loaded, out)


def _weights(graph: ir.Graph, layer: str) -> Iterator[ir.Value]:
    """The weights under their own name, or, where the exporter has folded them into another form, at their product.

    A batch norm that was folded into a conv has scaled its weights and made a bias of its own: negating what is left
    of the weights is negating the weights.
    """
    named = graph.initializers.get(f"{layer}.weight")
    if named is not None:
        yield named
        return
    for node in graph:
        if node.op_type in _PRODUCTS and _module(node) == layer:
            yield from (value for value in node.inputs[1:2] if value is not None and value.is_initializer())


def _module(node: ir.Node) -> str:
    """The innermost module that a node was exported from; the exporter lists them, and the operator last."""
    scopes = node.metadata_props.get(_SCOPES, "")
    names = [name.strip(" '\"") for name in scopes.strip("[]").split(",")]
    return names[-2] if len(names) > 1 else ""

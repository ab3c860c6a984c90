"""The search for the first bad node over several hops: what stands between source and artifact is made again."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert import registry
from mlconvert.artifact import Artifact
from mlconvert.compare import difference
from mlconvert.runner import Runner
from mlconvert.signature import Signature
from mlconvert.stage import Context, Stage, Suspect

if TYPE_CHECKING:
    import numpy as np

Inputs = Mapping[str, "np.ndarray"]


@dataclass(frozen=True)
class Hops:
    """The stages of a route, each of which reads what the one before it writes; its `localise` is as a stage's."""

    stages: tuple[Stage, ...]

    def localise(self, source: Artifact, artifact: Artifact, inputs: Inputs, ctx: Context) -> Suspect | None:
        """The first node of the first hop that goes wrong. Raises ConversionError for a hop that cannot be made again.

        A hop that is right is within its own tolerance on these inputs.
        """
        before = replace(source, signature=_signature(source, inputs, ctx.trust))
        for number, (stage, after) in enumerate(itertools.pairwise(self.stages)):
            hop = _context(ctx, number)
            made = _made(stage, after, before, hop)
            if not _agree(stage, before, made, inputs, ctx.trust):
                return _named(stage, stage.localise(before, made, inputs, replace(hop, tolerance=None)))
            before = made
        last = self.stages[-1]
        return _named(last, last.localise(before, artifact, inputs, _context(ctx, len(self.stages) - 1)))


def _named(stage: Stage, found: Suspect | None) -> Suspect | None:
    return None if found is None else replace(found, note=": ".join(filter(None, (stage.name, found.note))))


def _signature(source: Artifact, inputs: Inputs, trust: bool) -> Signature:
    """What the source itself says; else what is known of the artifact, with the sizes of these inputs for dims without
    a name.
    """
    own: Signature = registry.load(registry.FORMATS, source.format).signature(source, trust=trust)
    if own.inputs:
        return own
    known = (
        replace(tensor, shape=inputs[tensor.name].shape) if None in tensor.shape else tensor
        for tensor in source.signature.inputs
    )
    return replace(source.signature, inputs=tuple(known))


def _context(ctx: Context, number: int) -> Context:
    scratch = ctx.scratch / f"hop{number}"
    scratch.mkdir()
    return replace(ctx, scratch=scratch)


def _made(stage: Stage, after: Stage, source: Artifact, ctx: Context) -> Artifact:
    """What a stage makes with its own defaults and those that the next one wants."""
    known = vars(stage.Options())
    wanted = {name: value for name, value in after.wants(after.Options()).items() if name in known}
    out = _place(stage, ctx)
    outcome = stage.convert(source, stage.Options(**wanted), out, ctx)
    beside = () if out.is_dir() else tuple(path for path in out.parent.iterdir() if path != out)
    return Artifact(out, stage.target, outcome.flavour, outcome.signature, beside)


def _place(stage: Stage, ctx: Context) -> Path:
    folder = ctx.scratch / "made"
    folder.mkdir()
    suffix: str = registry.load(registry.FORMATS, stage.target).suffix
    return folder / f"model{suffix}"


def _agree(stage: Stage, source: Artifact, made: Artifact, inputs: Inputs, trust: bool) -> bool:
    """Whether both sides of a hop give the same on these inputs."""
    oracle = stage.oracle(source, made)
    tolerance = stage.tolerance(oracle, made)
    with _runner(oracle, trust) as one, _runner(made, True) as other:
        expected, got = one.run(inputs), other.run(inputs)
    pairs = ((name, array, got[name]) for name, array in expected.items() if name in got)
    return all(difference(name, array, value, tolerance).passed for name, array, value in pairs)


def _runner(artifact: Artifact, trust: bool) -> Runner:
    runner: Runner = registry.load(registry.RUNNERS, artifact.format)(artifact, trust=trust)
    return runner

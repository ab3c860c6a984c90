"""Holding nyoka's documents against what they were made of, in JPMML's evaluator, at the thresholds."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mlconvert import registry
from mlconvert.artifact import Artifact
from mlconvert.compare import difference
from mlconvert.errors import Refusal, refuse
from mlconvert.stage import Context, Stage
from mlconvert_plugins.jpmml import heap
from mlconvert_plugins.jpmml.scoring import Scorer

ROWS = 300


def context(folder: Path) -> Context:
    """Folders for a stage, and trust in what the tests themselves have pickled."""
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    return Context(scratch, scratch, trust=True)


def source(path: Path, name: str) -> Artifact:
    """A model file, with its own signature."""
    own = Artifact(path, name)
    return replace(own, signature=registry.load(registry.FORMATS, name).signature(own, trust=True))


def refusals(stage: Stage, artifact: Artifact, folder: Path, options: Any = None) -> list[Refusal]:
    """Why the stage does not take a model."""
    return list(stage.requires(artifact, options or stage.Options(), context(folder)))


def made(stage: Stage, artifact: Artifact, folder: Path, options: Any = None) -> Artifact:
    """The document, sound by the stage's own checks."""
    ctx, chosen = context(folder), options or stage.Options()
    refuse(stage.requires(artifact, chosen, ctx))
    out = folder / f"{artifact.path.stem}.pmml"
    found = replace(Artifact(out, "pmml"), signature=stage.convert(artifact, chosen, out, ctx).signature)
    refuse(stage.ensures(found, ctx))
    return found


def hold(stage: Stage, artifact: Artifact, folder: Path, options: Any = None, rows: int = ROWS) -> Artifact:
    """Convert, then assert that JPMML answers as the source does, and that the document verifies itself."""
    document = made(stage, artifact, folder, options)
    oracle = stage.oracle(artifact, document)
    x = probed(artifact, rows)
    with registry.load(registry.RUNNERS, artifact.format)(oracle, trust=True) as runner:
        expected = runner.run({"x": x})
    with Scorer(document.path, document.signature, memory=heap.needed(document.path.stat().st_size)) as scorer:
        got = scorer.run({"x": x})
        assert scorer.ask("verify", subject=scorer.fields["subject"])["rows"] > 0
    shared = expected.keys() & got.keys()
    assert shared in ({"probability", "label"}, {"prediction"}, {"label"})
    for name in shared:
        found = difference(name, expected[name], got[name], stage.tolerance(artifact, document))
        assert found.passed, found
    return document


def probed(artifact: Artifact, rows: int) -> np.ndarray:
    """Rows at the source's thresholds, evenly from its first probes."""
    drawn = registry.load(registry.FORMATS, artifact.format).probes(artifact, 0)
    x = np.concatenate([probe.inputs["x"] for probe in itertools.islice(drawn, 4)])
    return x[:: -(-len(x) // rows)]

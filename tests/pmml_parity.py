"""Documents held against JPMML's evaluator: our forest of each, on rows at every threshold."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import pmml_documents as pmml
from mlconvert_plugins.jpmml.scoring import Scorer as Evaluator
from mlconvert_plugins.pmmltrees import forest, probing
from mlconvert_plugins.trees.model import Forest
from mlconvert_plugins.trees.score import Scorer

MEMORY = 2**29


@contextlib.contextmanager
def one_jvm(folder: Path) -> Iterator[None]:
    """Held open, so that all documents until its end are asked of one JVM."""
    path = folder / "held.pmml"
    path.write_text(pmml.document(pmml.tree(pmml.node("<True/>", score=1))))
    with Evaluator(path, pmml.opened(path).signature, memory=MEMORY):
        yield


def read(path: Path) -> Forest:
    """The forest of a document, with the signature that it has by itself."""
    return forest.read(path, pmml.opened(path).signature)


def compare(path: Path, most: int = 1100) -> Forest:
    """The forest, whose answers to some `most` rows are the evaluator's. Raises AssertionError where they are not."""
    made = read(path)
    against(path, made, most)
    return made


def against(path: Path, made: Forest, most: int) -> None:
    """Hold a forest of the document against the evaluator. Raises ConversionError where that takes no such document."""
    artifact = pmml.opened(path)
    scorer = Scorer(made)
    rtol, atol = (2e-6, 1e-7) if made.sum == "float32" else (1e-12, 1e-15)
    with Evaluator(path, artifact.signature, memory=MEMORY) as evaluator:
        rows = 0
        for probe in probing.probes(artifact, 0):
            expected, got = evaluator.run(probe.inputs), scorer.run(probe.inputs["x"])
            for name, values in expected.items():
                if name == "label":
                    assert (got[name] == values).all()
                else:
                    np.testing.assert_allclose(got[name], values, rtol, atol)
            rows += len(probe.inputs["x"])
            if rows >= most:
                return

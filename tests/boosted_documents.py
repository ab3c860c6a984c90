"""Boosted models as PMML by JPMML, held against their library at every threshold, by JPMML's own evaluator."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import lightgbm_models
from mlconvert.artifact import Artifact
from mlconvert.compare import difference
from mlconvert.errors import refuse
from mlconvert.stage import Context, Tolerance
from mlconvert_plugins.jpmml.stage import BoostedPmmlStage
from mlconvert_plugins.lightgbm2pmml import Lightgbm2Pmml
from mlconvert_plugins.pmml_runner import PmmlRunner
from mlconvert_plugins.trees import probing
from mlconvert_plugins.trees.model import Forest
from mlconvert_plugins.xgboost2pmml import Xgboost2Pmml


@dataclass(frozen=True)
class Held:
    """A document, and on how many rows it was as good as its source; `excess` is the largest share of the allowed."""

    refused: str = ""
    trees: int = 0
    leaves: int = 0
    rows: int = 0
    verified: int = 0
    excess: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The row of a journal."""
        return asdict(self)


def stage_of(models: ModuleType) -> BoostedPmmlStage:
    """The stage for the models of a matrix."""
    return Lightgbm2Pmml() if models is lightgbm_models else Xgboost2Pmml()


def made(stage: BoostedPmmlStage, path: Path, out: Path, **options: Any) -> Artifact:
    """The document of a model, by the stage's hooks in their order, in this process and its one JVM."""
    scratch = out.with_suffix(".scratch")
    scratch.mkdir(exist_ok=True)
    source, chosen, context = Artifact(path, stage.source), stage.Options(**options), Context(scratch, scratch)
    refuse(stage.requires(source, chosen, context))
    artifact = Artifact(out, "pmml", None, stage.convert(source, chosen, out, context).signature)
    refuse(stage.ensures(artifact, context))
    return artifact


def prove(models: ModuleType, case: Any, folder: Path, **options: Any) -> Held:
    """Hold a case's document against its library. Raises AssertionError where it answers otherwise, ConversionError
    where it is refused.
    """
    stage, path = stage_of(models), models.save(case, folder / "model")
    start, count = case.cut
    cut = {"start_iteration": start, "num_iteration": count}
    artifact = made(stage, path, folder / "model.pmml", **cut, **options)
    forest, answers = stage.read(Artifact(path, stage.source), stage.Options(**cut)), models.answers(path, case)
    tolerance = stage.tolerance(Artifact(path, stage.source), artifact)
    rows, excess = 0, 0.0
    with PmmlRunner(artifact) as runner:
        verified = runner.self_test()
        for probe in probing.probes(forest, 0):
            x = whole_codes(forest, probe.inputs["x"])
            rows, excess = rows + len(x), max(excess, furthest(answers(x), runner.run({"x": x}), tolerance))
    return Held("", forest.trees, len(forest.leaf_value), rows, verified, excess)


def whole_codes(forest: Forest, x: np.ndarray) -> np.ndarray:
    """Rows whose categories are whole numbers: what a fraction of one is, libraries say and documents do not."""
    codes = [column.type == "categorical" for column in forest.columns]
    return np.where(codes, np.floor(x), x)


def furthest(expected: Any, got: Any, tolerance: Tolerance) -> float:
    """The largest distance of what both answer, as a share of the allowed. Raises AssertionError beyond it."""
    shares = []
    for name in expected.keys() & got.keys():
        apart = difference(name, expected[name], got[name].astype(expected[name].dtype), tolerance)
        assert apart.passed, (name, apart)
        shares.append(apart.excess)
    assert shares
    return max(shares)

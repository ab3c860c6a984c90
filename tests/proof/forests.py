"""One model of a matrix: trained, saved, made a jar, and held against its library in numpy and in a JVM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import exactness
import lightgbm_models
import sklearn_models
import xgboost_models
from converting import convert
from exactness import Answers
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.worker import Worker
from mlconvert_plugins.jar_runner import JarRunner
from mlconvert_plugins.javajar import opening
from mlconvert_plugins.trees import layout
from mlconvert_plugins.trees.model import Forest

MATRICES: dict[str, ModuleType] = {
    "LightGBM": lightgbm_models,
    "XGBoost": xgboost_models,
    "scikit-learn": sklearn_models,
}
# Calls of the test that hypothesis makes for each model, of up to eight rows each.
EXAMPLES = 25


@dataclass(frozen=True)
class Row:
    """What became of a model: refused with a code, or exact on so many rows, leaf by leaf.

    `excess` is the largest distance behind a link, as a share of what is declared.
    """

    refused: str = ""
    trees: int = 0
    leaves: int = 0
    reached: int = 0
    dead: int = 0
    rows: int = 0
    drawn: int = 0
    excess: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The row of a journal."""
        return asdict(self)


def prove(models: ModuleType, case: Any, folder: Path, worker: Worker) -> Row:
    """The row of a case. Raises AssertionError where one answer of numpy's or of the JVM's is not the library's."""
    path = models.save(case, folder / "model")
    try:
        jar = convert(worker, path, "jar", out=folder / "model.jar", validate=False, trust=True, options=_options(case))
    except ConversionError as refusal:
        assert refusal.code not in ("no-runtime", "stale-runtime", "worker-died", "timeout"), refusal
        return Row(refused=refusal.code)
    forest = layout.unpack(opening.read(jar.artifact.path).forest)
    answers, tolerance = models.answers(path, case), models.TOLERANCE
    with JarRunner(Artifact(jar.artifact.path, "jar")) as runner:
        jvm = _jvm(forest, runner)
        found = exactness.compare(forest, answers, tolerance, other=jvm)
        drawn = exactness.compare_drawn(forest, answers, tolerance, EXAMPLES, other=jvm)
        runner.self_test()
    return Row(
        trees=forest.trees,
        leaves=found.leaves,
        reached=found.reached,
        dead=found.dead,
        rows=found.rows,
        drawn=drawn.drawn,
        excess=max(found.excess, drawn.excess),
    )


def _options(case: Any) -> dict[str, dict[str, Any]]:
    start, count = getattr(case, "cut", (0, None))
    if (start, count) == (0, None):
        return {}
    family = "lightgbm" if isinstance(case, lightgbm_models.Case) else "xgboost"
    return {f"{family}2forest": {"start_iteration": start, "num_iteration": count}}


def _jvm(forest: Forest, runner: JarRunner) -> Answers:
    """The jar's answers, and the leaves' own numbers, which the runtime says itself."""
    number: Callable[[np.ndarray], np.ndarray] = runner.leaves
    return lambda x: {**runner.run({"x": x}), "leaves": number(x)}

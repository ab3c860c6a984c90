"""What becomes of a damaged file, asked in a worker with limits: what our forest answers, and what its library does."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from mlconvert.artifact import Artifact
from mlconvert.runner import Runner
from mlconvert.stage import Context, Stage
from mlconvert_plugins.forest2jar import Forest2Jar
from mlconvert_plugins.forest_runner import ForestRunner
from mlconvert_plugins.jar_runner import JarRunner
from mlconvert_plugins.lightgbm2forest import Lightgbm2Forest
from mlconvert_plugins.lightgbm_runner import LightgbmRunner
from mlconvert_plugins.sklearn2forest import Sklearn2Forest
from mlconvert_plugins.sklearn_runner import SklearnRunner
from mlconvert_plugins.trees import layout
from mlconvert_plugins.trees.model import Forest
from mlconvert_plugins.xgboost2forest import Xgboost2Forest
from mlconvert_plugins.xgboost_runner import XgboostRunner

_READERS: dict[str, tuple[type[Stage], type[Runner]]] = {
    "lightgbm": (Lightgbm2Forest, LightgbmRunner),
    "xgboost": (Xgboost2Forest, XgboostRunner),
    "sklearn": (Sklearn2Forest, SklearnRunner),
}
_VALUES = 2**18
_ROWS = 64


def ours(format: str, path: Path, made: Path) -> dict[str, Any]:
    """Make a forest of a file, and score it by numpy. Raises ConversionError."""
    if format == "forest":
        shutil.copy(path, made)
    else:
        _converted(_READERS[format][0](), Artifact(path, format), made)
    with ForestRunner(Artifact(made, "forest")) as runner:
        return runner.run({"x": _rows(layout.read(made))})


def theirs(format: str, path: Path, made: Path) -> dict[str, Any]:
    """What the library says of the same rows; of a forest, the jar that it becomes. Raises ConversionError."""
    if format == "forest":
        jar = _converted(Forest2Jar(), Artifact(made, "forest"), made.with_suffix(".jar"))
        opened: Runner = JarRunner(jar)
    else:
        opened = _READERS[format][1](Artifact(path, format), trust=True)
    with opened as runner:
        return dict(runner.run({"x": _rows(layout.read(made))}))


def _converted(stage: Stage, artifact: Artifact, out: Path) -> Artifact:
    stage.convert(artifact, stage.Options(), out, Context(out.parent, out.parent, trust=True))
    return Artifact(out, stage.target)


def _rows(forest: Forest) -> np.ndarray:
    """Rows of numbers, codes and, where they are taken, missing values; few of them where there are many columns."""
    generator = np.random.default_rng(0)
    columns = len(forest.columns)
    x = generator.standard_normal((max(1, min(_ROWS, _VALUES // columns)), columns))
    x[:, 1::2] = generator.integers(-1, 12, x[:, 1::2].shape)
    if all(column.missing != "refused" for column in forest.columns):
        x[generator.random(x.shape) < 0.1] = np.nan
    return x

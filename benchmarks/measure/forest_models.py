"""Tree ensembles to score: trained once from seeded data, and kept in a folder that git ignores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

KEPT = Path(__file__).resolve().parents[1] / ".models"
COLUMNS = 30
# Names without digits: JPMML's transpiler takes numbered ones for elements of an array, and stumbles.
NAMES = [f"x{chr(97 + column // 26)}{chr(97 + column % 26)}" for column in range(COLUMNS)]


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: `train` takes x float64[n, 30] and y, and writes the file with this suffix."""

    name: str
    library: str
    suffix: str
    train: Callable[[np.ndarray, np.ndarray, Path], None]
    classes: int = 2
    categorical: bool = False
    rows: int = 40_000

    def files(self, batch: int) -> tuple[Path, Path]:
        """The model, and `batch` rows that it was not trained on, as .npy; a .bin of the same doubles stands beside."""
        folder = KEPT / self.name.replace(" ", "-")
        model, rows = folder / f"model{self.suffix}", folder / f"rows{batch}.npy"
        folder.mkdir(parents=True, exist_ok=True)
        if not model.exists():
            partial = folder / f"partial{self.suffix}"
            self.train(*_drawn(self, self.rows, 0), partial)
            partial.rename(model)
        if not rows.exists():
            x, _ = _drawn(self, batch, 1)
            x.astype("<f8").tofile(rows.with_suffix(".bin"))
            np.save(rows, x)
        return model, rows


def _drawn(recipe: Recipe, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows with 5 % NaN, and classes that depend on some columns alone and on others together."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(count, COLUMNS))
    x[:, 5], x[:, 6] = np.exp(x[:, 5]), np.round(3 * x[:, 6])
    weights = np.random.default_rng(2).normal(size=COLUMNS)
    score = 0.3 * x @ weights + np.sin(3 * x[:, 0]) * x[:, 1] + x[:, 2] * x[:, 3] + 0.5 * np.abs(x[:, 4]) * x[:, 7]
    if recipe.categorical:
        x[:, :4] = generator.integers(0, 60, size=(count, 4))
        score += np.sin(x[:, :4] * 7).sum(axis=1)
    score += generator.normal(size=count)
    classes = np.digitize(score, np.quantile(score, np.arange(1, recipe.classes) / recipe.classes))
    x[generator.random(x.shape) < 0.05] = np.nan
    return x, classes


def _lightgbm(
    trees: int, leaves: int, categorical: Sequence[int] = (), **more: Any
) -> Callable[[np.ndarray, np.ndarray, Path], None]:
    def train(x: np.ndarray, y: np.ndarray, out: Path) -> None:
        import lightgbm

        parameters = {
            "objective": "binary", "num_leaves": leaves, "learning_rate": 0.05, "min_data_in_leaf": 5,
            "seed": 1, "deterministic": True, "verbose": -1,
        }  # fmt: skip
        data = lightgbm.Dataset(x, y, feature_name=NAMES, categorical_feature=list(categorical))
        lightgbm.train(parameters | more, data, trees).save_model(out)

    return train


def _xgboost(trees: int, depth: int) -> Callable[[np.ndarray, np.ndarray, Path], None]:
    def train(x: np.ndarray, y: np.ndarray, out: Path) -> None:
        import xgboost

        parameters = {"objective": "binary:logistic", "max_depth": depth, "eta": 0.1, "seed": 1}
        xgboost.train(parameters, xgboost.DMatrix(x, y, feature_names=NAMES), trees).save_model(out)

    return train


def _random_forest(trees: int, leaves: int) -> Callable[[np.ndarray, np.ndarray, Path], None]:
    def train(x: np.ndarray, y: np.ndarray, out: Path) -> None:
        import joblib
        from sklearn.ensemble import RandomForestClassifier

        model = RandomForestClassifier(trees, max_leaf_nodes=leaves, random_state=1, n_jobs=-1)
        joblib.dump(model.fit(x, y), out)

    return train


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("LightGBM 100x31", "lightgbm", ".txt", _lightgbm(100, 31)),
        Recipe("LightGBM 500x31", "lightgbm", ".txt", _lightgbm(500, 31)),
        Recipe("LightGBM 1000x63", "lightgbm", ".txt", _lightgbm(1000, 63)),
        Recipe("LightGBM 500x255", "lightgbm", ".txt", _lightgbm(500, 255)),
        Recipe(
            "LightGBM 500x31 categorical", "lightgbm", ".txt", _lightgbm(500, 31, categorical=[0, 1, 2, 3]),
            categorical=True,
        ),
        Recipe(
            "LightGBM 7 classes 100x31", "lightgbm", ".txt",
            _lightgbm(100, 31, objective="multiclass", num_class=7), classes=7,
        ),
        Recipe("LightGBM 500x31 max_bin 4095", "lightgbm", ".txt", _lightgbm(500, 31, max_bin=4095)),
        Recipe("XGBoost 500x6 deep", "xgboost", ".json", _xgboost(500, 6)),
        Recipe("RandomForest 300x589", "sklearn", ".joblib", _random_forest(300, 589)),
        Recipe("LightGBM 10x7", "lightgbm", ".txt", _lightgbm(10, 7), rows=500),
    )
}  # fmt: skip

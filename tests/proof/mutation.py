"""Damaged models of every kind: the sound files, and their mutants."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import lightgbm_models
import sklearn_models
import xgboost_models
from mlconvert_plugins.lightgbmtext import forest, sections
from mlconvert_plugins.trees import layout
from mutants import mutants

# How many mutants of each family, 10,000 together.
FAMILIES = {
    "LightGBM text": 3000,
    "XGBoost json": 2000,
    "XGBoost ubj": 2000,
    "scikit-learn skops": 1000,
    "scikit-learn joblib": 1000,
    "forest": 1000,
}
_LIGHTGBM = (
    lightgbm_models.Case("multiclass", categories="few", linear=True),
    lightgbm_models.Case("binary", "dart", "zero", "many"),
    lightgbm_models.Case("poisson", "rf", "nan"),
)
_XGBOOST = (
    xgboost_models.Case("multi:softprob", "dart", categories="few"),
    xgboost_models.Case("binary:logistic", "gbtree", "pruned", "many"),
    xgboost_models.Case("two targets", "gbtree", "parallel"),
    xgboost_models.Case(xgboost_models.AT_ONCE),
)
_SKLEARN = (
    sklearn_models.Case("RandomForestClassifier", (("max_leaf_nodes", 9),), "three", "missing"),
    sklearn_models.Case("HistGradientBoostingClassifier", (("max_leaf_nodes", 9),), "binary", "codes"),
    sklearn_models.Case("GradientBoostingRegressor", (("max_depth", 2),), "regression"),
    sklearn_models.Case("AdaBoostClassifier", (("max_depth", 2),), "three"),
    sklearn_models.Case("IsolationForest", (("max_samples", 20),), "none"),
)


def originals(family: str) -> list[bytes]:
    """The sound files that a family's mutants are made of."""
    if family == "LightGBM text":
        boosters = map(lightgbm_models.train, _LIGHTGBM)
        return [booster.model_to_string(num_iteration=2).encode() for booster in boosters]
    if family.startswith("XGBoost"):
        return [bytes(xgboost_models.train(case)[:2].save_raw(family.split()[1])) for case in _XGBOOST]
    if family == "forest":
        return [layout.pack(forest.read(sections.split(text))) for text in originals("LightGBM text")]
    return [_saved(sklearn_models.fit(case), family.split()[1]) for case in _SKLEARN]


def _saved(estimator: Any, form: str) -> bytes:
    stream = io.BytesIO()
    if form == "joblib":
        import joblib

        joblib.dump(estimator, stream)
        return stream.getvalue()
    from skops import io as skops

    return bytes(skops.dumps(estimator))


def damaged(family: str, content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Mutants of a file; of archives and sealed files, such that what is damaged lies behind the checksum."""
    if family == "forest":
        body = content[:-4]
        return (one + struct.pack("<I", zlib.crc32(one)) for one in mutants(body, count, seed))
    if family.endswith("skops"):
        return _members_damaged(content, count, seed)
    return mutants(content, count, seed)


def _members_damaged(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Archives of which one member is damaged: the schema in every second one."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    generator = np.random.default_rng(seed)
    others = [name for name in members if name != "schema.json"]
    for number in range(count):
        name = "schema.json" if number % 2 else others[generator.integers(len(others))]
        (mutant,) = mutants(members[name], 1, seed + number)
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for member, whole in members.items():
                archive.writestr(member, mutant if member == name else whole)
        yield stream.getvalue()

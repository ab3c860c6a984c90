"""Models of other versions than the installed one, against what those versions answered: tests/data/trees/make.py."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlconvert.compare import difference
from mlconvert.errors import ConversionError
from mlconvert_plugins.lightgbmtext import forest as lightgbm_forest
from mlconvert_plugins.lightgbmtext import sections
from mlconvert_plugins.sklearntrees import forest as sklearn_forest
from mlconvert_plugins.sklearntrees import opening
from mlconvert_plugins.trees.model import Forest
from mlconvert_plugins.trees.score import Scorer
from mlconvert_plugins.trees.tolerance import LINKED, LINKED_FLOAT32
from mlconvert_plugins.xgboostfile import document
from mlconvert_plugins.xgboostfile import forest as xgboost_forest

FILES = sorted((Path(__file__).resolve().parents[1] / "data" / "trees").glob("*.json"))
WHOLE = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES}
CASES = [(stem, entry["name"]) for stem, whole in WHOLE.items() for entry in whole["models"]]
REFUSED = {"two expectiles": "unsupported-objective"}


def read(library: str, content: bytes, folder: Path) -> Forest:
    if library == "xgboost":
        return xgboost_forest.read(document.load(content))
    if library == "lightgbm":
        return lightgbm_forest.read(sections.split(content))
    path = folder / "model.skops"
    path.write_bytes(content)
    return sklearn_forest.read(opening.load(path, trust=False))


def floats(listed: list[list[float | None]], dtype: str) -> np.ndarray:
    return np.array([[np.nan if number is None else number for number in row] for row in listed], dtype=dtype)


@pytest.mark.filterwarnings("ignore:Trying to unpickle estimator")
@pytest.mark.parametrize(("stem", "name"), CASES, ids=str)
def test_another_versions_model(stem: str, name: str, tmp_path: Path) -> None:
    whole = WHOLE[stem]
    entry: dict[str, Any] = next(one for one in whole["models"] if one["name"] == name)
    content = zlib.decompress(base64.b64decode(entry["content"]))
    if name in REFUSED:
        with pytest.raises(ConversionError) as caught:
            read(whole["library"], content, tmp_path)
        assert caught.value.code == REFUSED[name]
        return
    made = read(whole["library"], content, tmp_path)
    answer = Scorer(made).run(floats(whole["x"], "f8"))
    if "margin" in entry:
        np.testing.assert_array_equal(answer["margin"], floats(entry["margin"], made.sum), strict=True)
    output = floats(entry["output"], made.sum)
    got = answer["probability" if made.labels else "prediction"][:, -output.shape[1] :]
    apart = difference("output", output, got, LINKED if made.sum == "float64" else LINKED_FLOAT32)
    assert apart.passed, apart


def test_all_of_these_versions() -> None:
    versions = {"xgboost-1.7.6", "xgboost-2.0.3", "xgboost-3.4.1", "lightgbm-3.3.5", "sklearn-1.4.2"}
    assert versions <= WHOLE.keys()

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lightgbm_models as models
import mlconvert
from lightgbm_models import Case
from mlconvert.errors import ConversionError
from mlconvert_plugins.lightgbmtext import forest, sections
from mlconvert_plugins.trees import layout


@pytest.fixture(scope="module", params=["model.txt", "model.forest"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One model for both runners: they share their contract."""
    text = models.train(Case("multiclass")).model_to_string().encode()
    found = tmp_path_factory.mktemp("models") / str(request.param)
    if found.suffix == ".txt":
        found.write_bytes(text)
    else:
        layout.write(forest.read(sections.split(text)), found)
    return found


def test_outputs_are_those_of_the_signature(path: Path) -> None:
    with mlconvert.open(path) as runner:
        for rows in (1, 5, 0):
            answer = runner.run({"x": np.zeros((rows, 5))})
            assert {name: (str(value.dtype), value.shape) for name, value in answer.items()} == {
                "margin": ("float64", (rows, 3)),
                "probability": ("float64", (rows, 3)),
                "label": ("int64", (rows,)),
            }
        assert runner.seconds >= 0


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"y": np.zeros((1, 5))},
        {"x": np.zeros((1, 4))},
        {"x": np.zeros(5)},
        {"x": np.zeros((1, 5), dtype=np.float32)},
        {"x": np.zeros((1, 5)), "z": np.zeros(1)},
    ],
)
def test_inputs_that_do_not_fit(path: Path, inputs: dict[str, np.ndarray]) -> None:
    with mlconvert.open(path) as runner, pytest.raises(ConversionError) as caught:
        runner.run(inputs)
    assert (caught.value.code, caught.value.where) == ("bad-input", "x")

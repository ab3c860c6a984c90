from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np
import pytest

import exactness
import lightgbm_models as models
from converting import convert, validate
from lightgbm_models import Case
from mlconvert.errors import ConversionError
from mlconvert.worker import Worker
from mlconvert_plugins.lightgbmtext import forest, sections
from mlconvert_plugins.trees import layout
from mlconvert_plugins.trees.model import LIGHTGBM_ZERO, Forest
from mlconvert_plugins.trees.score import Scorer


def read(text: bytes, *cut: int | None) -> Forest:
    return forest.read(sections.split(text), *cut)  # type: ignore[arg-type]


def text_of(case: Case) -> bytes:
    return models.train(case).model_to_string().encode()


def check(case: Case, folder: Path) -> exactness.Comparison:
    path = models.save(case, folder / "m")
    return exactness.compare(read(path.read_bytes(), *case.cut), models.answers(path, case))


def check_trained(booster: lightgbm.Booster, folder: Path) -> Forest:
    """Any other model, against LightGBM's own margins and leaves; the forest of it."""
    path = folder / "m.txt"
    booster.save_model(path)
    made = read(path.read_bytes())
    exactness.compare(made, models.answers(path, Case("custom")))
    return made


# --- exact ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", models.sample(16), ids=str)
def test_margins_have_lightgbms_bits(case: Case, tmp_path: Path) -> None:
    found = check(case, tmp_path)
    assert found.reached + found.dead == found.leaves


@pytest.mark.parametrize("objective", models.OBJECTIVES)
def test_every_objective(objective: str, tmp_path: Path) -> None:
    assert check(Case(objective), tmp_path).rows > 1000


def test_any_row(tmp_path: Path) -> None:
    case = Case("multiclass", missing="zero", categories="many")
    path = models.save(case, tmp_path / "m")
    assert exactness.compare_drawn(read(path.read_bytes()), models.answers(path, case)).drawn > 100


def test_what_is_next_to_zero_is_zero() -> None:
    """LightGBM drops values up to float32's 1e-35 before it compares."""
    signs = np.repeat([-1.0, 0.0, 1.0], 50)
    booster = lightgbm.train({"verbosity": -1, "min_data_in_leaf": 5}, lightgbm.Dataset(signs[:, None], signs), 3)
    edge, beyond = LIGHTGBM_ZERO, np.nextafter(LIGHTGBM_ZERO, 1)
    x = np.array([[-1.0], [-beyond], [-edge], [0.0], [edge], [beyond], [1.0]])
    margins = Scorer(read(booster.model_to_string().encode())).margins(x)[:, 0]
    np.testing.assert_array_equal(margins, booster.predict(x))
    assert margins[0] == margins[1] < margins[2] == margins[3] == margins[4] < margins[5] == margins[6]


def test_categories_of_any_number(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    codes = generator.integers(0, 5000, 20000)
    codes[:50] = 2**20
    signal = (codes * 2654435761 % 1000).astype(float)
    data = lightgbm.Dataset(codes[:, None].astype(float), signal, categorical_feature=[0])
    parameters = {"verbosity": -1, "num_leaves": 8, "max_cat_threshold": 2000, "min_data_per_group": 2, "cat_smooth": 1}
    assert check_trained(lightgbm.train(parameters, data, 3), tmp_path).tables.set_words.max() > 100


def test_a_model_that_learnt_nothing_is_a_constant(tmp_path: Path) -> None:
    data = lightgbm.Dataset(np.zeros((50, 2)), np.arange(50.0))
    made = check_trained(lightgbm.train({"verbosity": -1}, data, 3), tmp_path)
    assert made.tree_leaves.tolist() == [1]


def test_a_linear_tree_of_one_leaf(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((60, 2))
    parameters = {"verbosity": -1, "linear_tree": True, "min_data_in_leaf": 50, "num_class": 1}
    check_trained(lightgbm.train(parameters, lightgbm.Dataset(x, x[:, 0]), 3), tmp_path)


def test_initial_scores_are_no_part_of_the_model(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((200, 2))
    data = lightgbm.Dataset(x, x[:, 0], init_score=x[:, 1] * 10)
    check_trained(lightgbm.train({"verbosity": -1, "min_data_in_leaf": 5}, data, 3), tmp_path)


def test_a_model_without_trees_is_refused() -> None:
    booster = lightgbm.Booster({"verbosity": -1}, lightgbm.Dataset(np.eye(50), np.arange(50.0)))
    text = booster.model_to_string().encode()
    with pytest.raises(ConversionError) as caught:
        read(text)
    assert caught.value.code == "no-iterations"


# --- through the frame ---------------------------------------------------------------------------------


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "churn.txt"
    path.write_bytes(text_of(Case("binary", categories="few")))
    return path


def test_a_file_becomes_a_forest_with_its_proof(model: Path, worker: Worker) -> None:
    result = convert(worker, model, "forest")
    (check,) = result.parity["checks"]
    assert result.parity["status"] == "passed", result.parity
    assert check["tolerance"] == {"ulps": 4, "atol": 4 * 2.0**-53, "exact": ["margin"], "from": "declared"}
    assert {one["name"]: one["ulps"] for one in check["outputs"]}["margin"] == 0
    reached, _, leaves = check["facts"]["leaves"].split()[:3]
    assert reached == leaves
    assert result.artifact.signature.columns[4].type == "categorical"
    assert result.artifact.signature.labels == (0, 1)


def test_a_part_of_the_iterations(model: Path, worker: Worker) -> None:
    whole = layout.read(convert(worker, model, "forest", validate=False).artifact.path)
    options = {"lightgbm2forest": {"start_iteration": 2, "num_iteration": 3}}
    result = convert(worker, model, "forest", options=options, force=True)
    made = layout.read(result.artifact.path)
    assert result.parity["status"] == "passed"
    assert made.tree_leaves.tolist() == whole.tree_leaves.tolist()[2:5]
    assert validate(worker, model, result.artifact.path)["status"] == "passed"


def test_no_iterations_are_left(model: Path, worker: Worker) -> None:
    with pytest.raises(ConversionError, match="6 iterations") as caught:
        convert(worker, model, "forest", options={"lightgbm2forest": {"start_iteration": 6}})
    assert caught.value.code == "no-iterations"


def test_a_damaged_leaf_fails_parity(model: Path, worker: Worker) -> None:
    path = convert(worker, model, "forest", validate=False).artifact.path
    made = layout.read(path)
    made.leaf_value[-1] = np.nextafter(made.leaf_value[-1], 1)
    layout.write(made, path)
    found = validate(worker, model, path)
    assert found["status"] == "failed"
    assert "margin is off by" in found["reason"]
    assert validate(worker, model, path, rtol=1e-6)["status"] == "passed", "the user's word takes the place of bits"


def test_twice_the_same_bytes(model: Path, worker: Worker) -> None:
    one, other = (
        convert(worker, model, "forest", out=model.with_name(name), validate=False).artifact.path.read_bytes()
        for name in ("one.forest", "other.forest")
    )
    assert one == other


# --- broken and hostile --------------------------------------------------------------------------------


def test_a_truncated_file_is_one_error(model: Path, worker: Worker) -> None:
    model.write_bytes(model.read_bytes()[:3000])
    with pytest.raises(ConversionError) as caught:
        convert(worker, model, "forest")
    assert caught.value.code == "bad-lightgbm"
    assert [path.name for path in model.parent.iterdir()] == [model.name]

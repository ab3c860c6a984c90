from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st

import exactness
import xgboost_models as models
from converting import convert, validate
from mlconvert.errors import ConversionError
from mlconvert.worker import Worker
from mlconvert_plugins.trees import layout
from mlconvert_plugins.trees.model import Forest
from mlconvert_plugins.trees.score import Scorer
from mlconvert_plugins.trees.tolerance import LINKED_FLOAT32
from mlconvert_plugins.xgboostfile import document, forest
from mlconvert_plugins.xgboostfile.errors import BrokenModelError
from mutants import mutants
from xgboost_models import Case

Answers = Callable[[np.ndarray], Mapping[str, np.ndarray]]


def read(content: bytes, start: int = 0, count: int | None = None) -> Forest:
    return forest.read(document.load(content), start, count)


def answers(content: bytes, case: Case) -> Answers:
    """What XGBoost says of rows."""
    booster = xgboost.Booster(model_file=bytearray(content))
    start, count = case.cut

    def ask(x: np.ndarray) -> dict[str, np.ndarray]:
        data = xgboost.DMatrix(x, feature_types=models.types(case), enable_categorical=True)

        def predict(**how: bool) -> np.ndarray:
            cut = (start, start + count if count else 0)
            return booster.predict(data, iteration_range=cut, **how).reshape(len(x), -1)

        found = {"margin": predict(output_margin=True)}
        if start == 0:  # XGBoost knows no leaf numbers of later iterations alone
            found["leaves"] = predict(pred_leaf=True).astype(np.int64)
        output = predict()
        if case.objective == "multi:softmax":
            return {**found, "label": output[:, 0].astype(np.int64)}
        if case.objective == "binary:logistic":
            return {**found, "probability": np.hstack([1 - output, output])}
        return {**found, "probability" if case.objective == "multi:softprob" else "prediction": output}

    return ask


def check(case: Case, form: str = "ubj") -> exactness.Comparison:
    content = bytes(models.train(case).save_raw(form))
    return exactness.compare(read(content, *case.cut), answers(content, case), LINKED_FLOAT32)


# --- exact ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", models.sample(15), ids=str)
def test_margins_have_xgboosts_bits(case: Case) -> None:
    check(case)


@pytest.mark.proof
@pytest.mark.parametrize("case", models.sample(1), ids=str)
def test_every_margin_has_xgboosts_bits(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("objective", models.OBJECTIVES)
def test_every_objective(objective: str) -> None:
    assert check(Case(objective), "json").rows > 1000


@pytest.fixture(scope="module")
def trained() -> tuple[Forest, Answers]:
    case = Case("reg:squarederror", "dart", categories="many")
    content = bytes(models.train(case).save_raw("ubj"))
    return read(content), answers(content, case)


@given(st.data())
def test_any_row(trained: tuple[Forest, Answers], data: st.DataObject) -> None:
    made, ask = trained
    thresholds = made.tables.threshold
    near = [*thresholds, *np.nextafter(np.float32(thresholds), np.float32(np.inf)), *(thresholds + 2.0**-60)]
    pool = [*map(float, near), float("nan"), 0.0, -0.0, 1e-45, -1e-45, -0.5, 2.0**24, 3e38]
    narrow = st.floats(width=32, allow_infinity=False)
    values = st.sampled_from(pool) | narrow | st.integers(-2, 100).map(float)
    x = np.array(data.draw(st.lists(st.lists(values, min_size=5, max_size=5), min_size=1, max_size=8)))
    np.testing.assert_array_equal(Scorer(made).margins(x), ask(x)["margin"], strict=True)


@pytest.mark.parametrize("score", [0.1, 0.3, 0.5123, 0.9999])
@pytest.mark.parametrize("objective", ["binary:logistic", "count:poisson", "reg:squarederror", "reg:gamma"])
def test_the_margin_of_a_base_score_has_the_c_librarys_bits(objective: str, score: float) -> None:
    x = np.random.default_rng(0).standard_normal((50, 2))
    data = xgboost.DMatrix(x, (x[:, 0] > 0) + (objective != "binary:logistic"))
    booster = xgboost.train({"objective": objective, "base_score": score, "max_depth": 1}, data, 1)
    made = read(bytes(booster.save_raw("ubj")))
    np.testing.assert_array_equal(Scorer(made).margins(x)[:, 0], booster.predict(data, output_margin=True))


# --- through the frame ---------------------------------------------------------------------------------


@pytest.fixture(params=["json", "ubj"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"churn.{request.param}"
    models.train(Case(categories="few")).save_model(path)
    return path


def test_a_file_becomes_a_forest_with_its_proof(model: Path, worker: Worker) -> None:
    result = convert(worker, model, "forest")
    (found,) = result.parity["checks"]
    assert result.parity["status"] == "passed", result.parity
    assert {one["name"]: one["ulps"] for one in found["outputs"]}["margin"] == 0
    reached, _, leaves = found["facts"]["leaves"].split()[:3]
    assert reached == leaves


def test_a_part_of_the_iterations(model: Path, worker: Worker) -> None:
    options = {"xgboost2forest": {"start_iteration": 2, "num_iteration": 3}}
    result = convert(worker, model, "forest", options=options)
    assert result.parity["status"] == "passed"
    assert layout.read(result.artifact.path).trees == 3
    with pytest.raises(ConversionError, match="6 iterations"):
        convert(worker, model, "forest", options={"xgboost2forest": {"start_iteration": 6}}, force=True)


def test_a_damaged_leaf_fails_parity(model: Path, worker: Worker) -> None:
    path = convert(worker, model, "forest", validate=False).artifact.path
    made = layout.read(path)
    made.leaf_value[-1] *= np.float32(1 + 1e-4)
    layout.write(made, path)
    found = validate(worker, model, path)
    assert found["status"] == "failed"
    assert "margin is off by" in found["reason"]


def test_both_forms_give_the_same_bytes(tmp_path: Path, worker: Worker) -> None:
    booster = models.train(Case("multi:softprob", categories="many"))
    contents = set()
    for form in ("json", "ubj"):
        booster.save_model(tmp_path / f"m.{form}")
        made = convert(worker, tmp_path / f"m.{form}", "forest", out=tmp_path / f"{form}.forest", validate=False)
        contents.add(made.artifact.path.read_bytes())
    assert len(contents) == 1


# --- broken and hostile --------------------------------------------------------------------------------


def ask_xgboost(content: list[int], x: np.ndarray) -> np.ndarray:
    """In a worker: XGBoost may end its process."""
    booster = xgboost.Booster(model_file=bytearray(content))
    data = xgboost.DMatrix(x, feature_types=models.types(Case(categories="few")), enable_categorical=True)
    return np.asarray(booster.predict(data, output_margin=True, validate_features=False)).reshape(len(x), -1)


def mutate(count: int, form: str, worker: Worker, seed: int = 0) -> dict[str, int]:
    """How many mutants were refused, by us or by XGBoost alone, and how many gave XGBoost's bits."""
    case = Case("multi:softprob", "dart", categories="few")
    content = bytes(models.train(case)[:2].save_raw(form))
    x = models.rows(case, np.random.default_rng(1))[:64]
    found = {"refused": 0, "XGBoost refuses": 0, "exact": 0}
    for mutant in mutants(content, count, seed):
        try:
            made = read(mutant)
        except BrokenModelError as error:
            assert error.where and error.code
            found["refused"] += 1
            continue
        try:
            expected = worker.call("plugins.test_xgboost2forest:ask_xgboost", content=list(mutant), x=x)
        except Exception:  # noqa: BLE001  # whatever it was, XGBoost does not answer
            found["XGBoost refuses"] += 1
            continue
        np.testing.assert_array_equal(Scorer(made).margins(x), expected, strict=True)
        found["exact"] += 1
    return found


@pytest.fixture(scope="module")
def asked() -> Iterator[Worker]:
    tests = str(Path(__file__).resolve().parents[1])
    with Worker(path=[*sys.path, tests], seconds=60) as worker:
        yield worker


@pytest.mark.parametrize("form", ["json", "ubj"])
def test_mutants_are_refused_or_exact(form: str, asked: Worker) -> None:
    found = mutate(200, form, asked)
    assert found["refused"] > 50
    assert found["exact"] > 10


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("form", ["json", "ubj"])
def test_five_hundred_mutants_are_refused_or_exact(form: str, asked: Worker, seed: int) -> None:
    assert sum(mutate(500, form, asked, seed + 1).values()) == 500

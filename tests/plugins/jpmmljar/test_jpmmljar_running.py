"""A jar of JPMML's in its JVM: with a word of trust, by its own evaluator, with nothing else on the class path."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import jars
import mlconvert
from converting import convert
from jpmml_jars import answer, save, stumps
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.worker import Worker
from mlconvert_plugins.jar_runner import JarRunner
from mlconvert_plugins.jpmml import jars as wheels
from mlconvert_plugins.jpmmljar import contents
from mlconvert_plugins.jpmmljar.running import scored

pytestmark = pytest.mark.skipif(not shutil.which("javac") or not wheels.class_path(), reason="JPMML or a JDK is absent")

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def path(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fat jar."""
    folder = tmp_path_factory.mktemp("jar")
    document = save(stumps(NAMES), folder / "m.pmml").path
    return convert(worker, document, "jar", out=folder / "m.jar", validate=False).artifact.path


@pytest.fixture(scope="module")
def runner(path: Path) -> Iterator[JarRunner]:
    with mlconvert.open(path, trust=True) as opened:
        assert isinstance(opened, JarRunner)
        yield opened


def test_it_takes_a_word_of_trust(path: Path) -> None:
    with pytest.raises(ConversionError) as caught, mlconvert.open(path):
        pass
    assert caught.value.code == "needs-trust"
    with pytest.raises(ConversionError) as caught, JarRunner(Artifact(path, "jar", "jpmml")):
        pass
    assert caught.value.code == "needs-trust"


@pytest.mark.parametrize("rows", [1, 7, 0])
def test_outputs_are_those_of_the_signature(rows: int, runner: JarRunner) -> None:
    x = np.random.default_rng(0).uniform(-1, 2, (rows, 3))
    found = runner.run({"x": x})
    np.testing.assert_array_equal(found["prediction"], answer(x), strict=True)
    assert list(found) == ["prediction"] and 0 <= runner.seconds < 1


@pytest.mark.parametrize("inputs", [{}, {"y": np.zeros((1, 3))}, {"x": np.zeros((1, 2))}])
def test_inputs_that_do_not_fit(runner: JarRunner, inputs: dict[str, np.ndarray]) -> None:
    with pytest.raises(ConversionError) as caught:
        runner.run(inputs)
    assert caught.value.code == "bad-input"


def test_times_by_the_jvms_own_clock(runner: JarRunner) -> None:
    x = np.zeros((4, 3))
    rows = runner.time_rows(x, warm_up=10, rounds=3)
    assert rows.shape == (3, 4) and (rows > 0).all()
    assert runner.time_batches(x, warm_up=1, rounds=2).shape == (2,)
    # The model's classes are loaded anew each time; its evaluator's have been before.
    times = runner.time_loading(warm_up=1, rounds=2)
    assert times.shape == (2,) and (times > 10_000).all()


def test_it_tests_itself_and_knows_no_leaves(runner: JarRunner) -> None:
    assert runner.self_test() > 1
    with pytest.raises(ConversionError) as caught:
        runner.leaves(np.zeros((1, 3)))
    assert caught.value.code == "no-leaves"


def test_a_jar_from_elsewhere(path: Path, tmp_path: Path) -> None:
    """Without our signature in it: its model says what it takes, once it is trusted."""
    other = jars.rewritten(path, tmp_path / "other.jar", lambda held: _drop(held, contents.signature_at("m.Model")))
    x = np.array([[0.0, 1.0, 2.0]])
    with mlconvert.open(other, trust=True) as runner:
        assert [column.name for column in runner.signature.columns] == list(NAMES)
        np.testing.assert_array_equal(runner.run({"x": x})["prediction"], answer(x))


def test_a_fat_jar_runs_with_its_own_evaluator(path: Path, tmp_path: Path) -> None:
    """Take something out of it that scoring needs, and no other copy stands in for it."""

    def cut(held: jars.Members) -> None:
        _drop(held, "org/jpmml/evaluator/java/JavaModelEvaluator.class")

    broken = jars.rewritten(path, tmp_path / "broken.jar", cut)
    with pytest.raises(ConversionError) as caught, scored(broken):
        pass
    assert "JavaModelEvaluator" in caught.value.message


def test_classes_that_do_not_load_are_one_error(path: Path, tmp_path: Path) -> None:
    def spoil(held: jars.Members) -> None:
        held["m/Model.class"] = held["m/Model.class"][:200]

    with pytest.raises(ConversionError) as caught, scored(jars.rewritten(path, tmp_path / "bad.jar", spoil)):
        pass
    assert caught.value.code == "jpmml-refused"


def _drop(held: jars.Members, name: str) -> None:
    del held[name]

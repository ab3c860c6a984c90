"""The jar runner: one JVM for as long as it is open, and a clear word when it is not there or does not last."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import jars
import mlconvert
from lightgbm_models import Case
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.runner import DeviceAbsentError
from mlconvert_plugins.jar_runner import JarRunner
from mlconvert_plugins.javajar import compiled, jvm
from mlconvert_plugins.javajar.jvm import Jvm
from mlconvert_plugins.trees.score import Scorer


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return jars.make(jars.forest_of(Case("multiclass")), tmp_path_factory.mktemp("jar") / "m.jar")


@pytest.fixture(scope="module")
def runner(path: Path) -> Iterator[JarRunner]:
    with mlconvert.open(path) as opened:
        assert isinstance(opened, JarRunner)
        yield opened


def test_outputs_are_those_of_the_signature(runner: JarRunner) -> None:
    for rows in (1, 5, 0):
        answer = runner.run({"x": np.zeros((rows, 5))})
        assert {name: (str(value.dtype), value.shape) for name, value in answer.items()} == {
            "margin": ("float64", (rows, 3)),
            "probability": ("float64", (rows, 3)),
            "label": ("int64", (rows,)),
        }
    assert 0 <= runner.seconds < 1


def test_many_rows_go_in_several_requests(runner: JarRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).standard_normal((1000, 5))
    whole = runner.run({"x": x})
    monkeypatch.setattr("mlconvert_plugins.javajar.running._REQUEST", 8 * 5 * 7)
    for name, value in runner.run({"x": x}).items():
        np.testing.assert_array_equal(value, whole[name], strict=True)


def test_leaves_have_the_sources_numbers(runner: JarRunner) -> None:
    x = np.random.default_rng(0).standard_normal((50, 5))
    scorer = Scorer(jars.forest_of(Case("multiclass")))
    np.testing.assert_array_equal(runner.leaves(x), scorer.numbered(scorer.leaves(x)))


@pytest.mark.parametrize(
    "inputs", [{}, {"y": np.zeros((1, 5))}, {"x": np.zeros((1, 4))}, {"x": np.zeros((1, 5), dtype=np.float32)}]
)
def test_inputs_that_do_not_fit(runner: JarRunner, inputs: dict[str, np.ndarray]) -> None:
    with pytest.raises(ConversionError) as caught:
        runner.run(inputs)
    assert (caught.value.code, caught.value.where) == ("bad-input", "x")


def test_times_by_the_jvms_own_clock(runner: JarRunner) -> None:
    x = np.zeros((4, 5))
    assert runner.time_rows(x, warm_up=10, rounds=3).shape == (3, 4)
    assert runner.time_batches(x, warm_up=1, rounds=2).shape == (2,)
    times = runner.time_loading(warm_up=1, rounds=2)
    assert times.shape == (2,) and (times > 0).all()
    assert runner.self_test() > 0


def test_a_benchmark_times_calls_inside_the_jvm(runner: JarRunner) -> None:
    one, two = {"x": np.zeros((1, 5))}, {"x": np.ones((2, 5))}
    for sets, count in (([one, one, one], 7), ([two], 3), ([one, two], 5)):
        times = runner.times(sets, count)
        assert len(times) == count and 0 < min(times) < 1
    assert "by the JVM's own clock" in runner.clock


def test_a_model_with_one_output(tmp_path: Path) -> None:
    made = jars.forest_of(Case("regression"))
    with mlconvert.open(jars.make(made, tmp_path / "m.jar")) as opened:
        answer = opened.run({"x": np.zeros((2, 5))})
    expected = Scorer(made).run(np.zeros((2, 5)))
    for name, value in expected.items():
        np.testing.assert_array_equal(answer[name], value, strict=True)


# --- what goes wrong -----------------------------------------------------------------------------------


def test_a_jar_that_nobody_vouches_for_is_not_run(path: Path, tmp_path: Path) -> None:
    other = jars.rewritten(path, tmp_path / "m.jar", lambda members: members.update({"evil/A.class": b""}))
    with pytest.raises(ConversionError) as caught, JarRunner(Artifact(other, "jar", "native")):
        pass
    assert caught.value.code == "needs-trust"
    with mlconvert.open(other, trust=True) as opened:
        assert len(opened.run({"x": np.zeros((1, 5))})["label"]) == 1


def opened(path: Path, *, memory: int = 2**28, seconds: float = 60) -> Jvm:
    return Jvm(compiled.DRIVER, ["mlconvert.runtime", "m", str(path)], memory=memory, seconds=seconds)


def test_a_jvm_that_dies_is_one_error(path: Path) -> None:
    with opened(path) as machine:
        assert machine._process is not None
        os.kill(machine._process.pid, signal.SIGKILL)
        machine._process.wait()
        with pytest.raises(ConversionError) as caught:
            machine.ask(b"g")
    assert caught.value.code == "worker-died"


def test_a_late_answer_is_not_waited_for(path: Path) -> None:
    with opened(path) as machine:
        machine.seconds = 0.2
        with pytest.raises(ConversionError, match=r"0\.2 s") as caught:
            machine.ask(b"o", (2**30).to_bytes(4, "little"), (1).to_bytes(4, "little"))
    assert caught.value.code == "timeout"


def test_too_little_memory_is_said(path: Path) -> None:
    with opened(path, memory=2**24) as machine:
        with pytest.raises(ConversionError) as caught:
            machine.ask(b"r", (1).to_bytes(4, "little"), (2**24).to_bytes(4, "little"), bytes(8 * 5 * 8))
    assert caught.value.code == "out-of-memory"


def test_a_model_that_is_not_there(path: Path) -> None:
    with pytest.raises(ConversionError, match="no model") as caught:
        with Jvm(compiled.DRIVER, ["mlconvert.runtime", "other", str(path)], memory=2**28, seconds=60):
            pass
    assert caught.value.code == "jar-refused"


def test_without_java_parity_is_unproven(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(DeviceAbsentError, match="no Java") as caught, mlconvert.open(path):
        pass
    assert "11 or newer" in caught.value.fix
    result = mlconvert.convert(jars.forest_of_jar(path, tmp_path / "m.forest"), "jar")
    assert result.parity["status"] == "unproven"
    assert "no Java" in result.parity["reason"]


def test_an_old_java_is_named(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'java.lang.UnsupportedClassVersionError: Serve' >&2\nexit 1\n")
    old.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert jvm.java() == str(old)
    with pytest.raises(DeviceAbsentError, match="older than 11"), opened(path):
        pass

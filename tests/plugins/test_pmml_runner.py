"""The PMML runner: JPMML's evaluator in the one JVM of this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import lightgbm_models as models
import mlconvert
from boosted_documents import made
from lightgbm_models import Case
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.runner import DeviceAbsentError
from mlconvert_plugins.jpmml import jars, session
from mlconvert_plugins.lightgbm2pmml import Lightgbm2Pmml
from mlconvert_plugins.pmml_runner import PmmlRunner

HEAD = '<?xml version="1.0"?><PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4">'
FIELDS = (
    '<DataDictionary><DataField name="a" optype="continuous" dataType="integer"/>'
    '<DataField name="y" optype="continuous" dataType="double"/></DataDictionary>'
)
SCHEMA = '<MiningSchema><MiningField name="a"/><MiningField name="y" usageType="target"/></MiningSchema>'
TABLE = '<RegressionTable intercept="1"><NumericPredictor name="a" coefficient="2"/></RegressionTable>'
MODEL = f'<RegressionModel functionName="regression">{SCHEMA}{TABLE}</RegressionModel>'


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    folder = tmp_path_factory.mktemp("pmml")
    path = models.save(Case("multiclass", categories="few"), folder / "m")
    return made(Lightgbm2Pmml(), path, folder / "m.pmml")


@pytest.fixture(scope="module")
def runner(artifact: Artifact) -> Iterator[PmmlRunner]:
    with PmmlRunner(artifact) as opened:
        yield opened


def by_hand(folder: Path, text: str) -> Path:
    path = folder / "m.pmml"
    path.write_text(text, encoding="utf-8")
    return path


def test_outputs_are_those_of_the_signature(runner: PmmlRunner) -> None:
    for rows in (1, 5, 0):
        answer = runner.run({"x": np.zeros((rows, 5))})
        assert {name: (str(value.dtype), value.shape) for name, value in answer.items()} == {
            "probability": ("float64", (rows, 3)),
            "label": ("int64", (rows,)),
        }
    assert 0 <= runner.seconds < 1


def test_many_rows_go_in_several_requests(runner: PmmlRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).standard_normal((200, 5))
    whole = runner.run({"x": x})
    monkeypatch.setattr("mlconvert_plugins.jpmml.scoring._CELLS", 5 * 70)
    for name, value in runner.run({"x": x}).items():
        np.testing.assert_array_equal(value, whole[name], strict=True)


def test_a_document_from_elsewhere_is_opened_by_its_path(tmp_path: Path) -> None:
    with mlconvert.open(by_hand(tmp_path, f"{HEAD}<Header/>{FIELDS}{MODEL}</PMML>")) as opened:
        answer = opened.run({"x": np.array([[2.0], [-1.0]])})
    assert answer["prediction"].tolist() == [[5.0], [-1.0]]


def test_what_jpmml_refuses_of_a_row_names_the_row(tmp_path: Path) -> None:
    with mlconvert.open(by_hand(tmp_path, f"{HEAD}<Header/>{FIELDS}{MODEL}</PMML>")) as opened:
        with pytest.raises(ConversionError) as caught:
            opened.run({"x": np.array([[2.0], [1e300]])})
    assert (caught.value.code, caught.value.where) == ("jpmml-refused", "row 1")
    assert "\n" not in caught.value.message


def test_wrong_rows_are_refused(runner: PmmlRunner) -> None:
    for x in (np.zeros((1, 4)), np.zeros((1, 5), dtype=np.float32), np.zeros(5)):
        with pytest.raises(ConversionError) as caught:
            runner.run({"x": x})
        assert caught.value.code == "bad-input"


def test_it_times_itself(runner: PmmlRunner) -> None:
    x = np.zeros((3, 5))
    assert runner.time_rows(x, warm_up=2, rounds=4).shape == (4, 3)
    assert runner.time_batches(x, warm_up=0, rounds=2).shape == (2,)
    assert (runner.time_loading(warm_up=0, rounds=2) > 0).all()


def test_a_benchmark_times_calls_inside_the_jvm(runner: PmmlRunner) -> None:
    one, two = {"x": np.zeros((1, 5))}, {"x": np.ones((2, 5))}
    for sets, count in (([one, one, one], 7), ([two], 3)):
        times = runner.times(sets, count)
        assert len(times) == count and 0 < min(times) < 10


def test_it_verifies_the_documents_own_rows(runner: PmmlRunner) -> None:
    assert runner.self_test() > 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad-pmml"),
        (f"{HEAD}<Header/>", "bad-pmml"),
        (f'<!DOCTYPE PMML [<!ENTITY x SYSTEM "file:///etc/passwd">]>{HEAD}<Header/></PMML>', "unsafe-xml"),
        (f"{HEAD}{'<Extension>' * 5000}", "too-nested"),
    ],
)
def test_hostile_documents_are_refused_by_java_too(text: str, code: str, artifact: Artifact, tmp_path: Path) -> None:
    path = by_hand(tmp_path, text)
    with pytest.raises(ConversionError) as caught:
        with PmmlRunner(Artifact(path, "pmml", None, artifact.signature)):
            pass
    assert caught.value.code == code and "\n" not in caught.value.message


def test_without_java_or_jpmml_it_is_absent(
    artifact: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.close()
    monkeypatch.setattr(jars, "_HOMES", (("sklearn2pmml", "there_is_no_such_package", "resources"),))
    with pytest.raises(DeviceAbsentError, match="sklearn2pmml is not installed") as caught, PmmlRunner(artifact):
        pass
    assert caught.value.fix == "pip install 'mlconvert[pmml]'"
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(DeviceAbsentError, match="no Java"), PmmlRunner(artifact):
        pass

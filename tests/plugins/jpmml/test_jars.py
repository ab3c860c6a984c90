from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from mlconvert_plugins.javajar import manifest
from mlconvert_plugins.jpmml import jars


def test_each_artifact_stands_there_once_and_sklearn2pmmls_first() -> None:
    found = jars.class_path()
    names = [jars._JAR.fullmatch(jar.name) for jar in found]
    artifacts = [match[1] for match in names if match]
    assert len(set(artifacts)) == len(artifacts) == len(found)
    homes = [jar.parents[1].name for jar in found]
    assert homes == sorted(homes, reverse=True)
    assert {"pmml-converter", "pmml-lightgbm", "pmml-xgboost", "pmml-evaluator", "pmml-transpiler"} <= set(artifacts)


def test_nothing_can_tell_anybody_of_its_use() -> None:
    assert not [jar for jar in jars.class_path() if "telemetry" in jar.name]


def test_none_of_their_python_is_imported() -> None:
    before = set(sys.modules)
    assert jars.absent() is None and jars.class_path()
    assert not {"sklearn2pmml", "jpmml_evaluator"} & (set(sys.modules) - before)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_HOMES", (("jpmml-evaluator", "there_is_no_such_package", "dependencies"),))
    refusal = jars.absent()
    assert refusal is not None and refusal.code == "no-jpmml" and refusal.fix == jars.INSTALL
    assert "jpmml-evaluator is not installed" in refusal.message and not jars.class_path()


def test_maven_is_told_of_one_jar_that_names_them_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made" / "class-path.jar"
    monkeypatch.setattr(sys, "argv", ["jars", str(out)])
    assert jars.main() == 0 and capsys.readouterr().out == f"-Djpmml.jars={out}\n"
    with zipfile.ZipFile(out) as archive:
        attributes = manifest.read(archive.read(manifest.PATH))
    assert attributes["Class-Path"].split() == [jar.as_uri() for jar in jars.class_path()]

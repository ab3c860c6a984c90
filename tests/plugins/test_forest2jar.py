"""forest → jar, and the routes that end there: held against the source library in a JVM."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jars
import lightgbm_models
import mlconvert
import sklearn_models
import xgboost_models
from converting import convert
from lightgbm_models import Case
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, UsageError
from mlconvert.host import Host
from mlconvert.testing import check_stage
from mlconvert.worker import Worker
from mlconvert_plugins.forest2jar import Forest2Jar, JarOptions
from mlconvert_plugins.jar_runner import JarRunner
from mlconvert_plugins.javajar import compiled, compiling, golden, maven, opening
from mlconvert_plugins.javajar.jvm import Jvm
from mlconvert_plugins.trees import layout

CASE = Case("multiclass", categories="few")


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("forest") / "churn.forest"
    layout.write(jars.forest_of(CASE), path)
    return path


def converted(worker: Worker, forest: Path, folder: Path, name: str = "churn.jar", **options: Any) -> Path:
    result = convert(
        worker, forest, "jar", out=folder / name, validate=False, options={"forest2jar": options}, force=True
    )
    return result.artifact.path


# --- the routes ----------------------------------------------------------------------------------------


def saved_lightgbm(folder: Path) -> Path:
    path = folder / "churn.txt"
    path.write_bytes(lightgbm_models.train(CASE).model_to_string().encode())
    return path


def saved_xgboost(folder: Path) -> Path:
    return xgboost_models.save(xgboost_models.Case("multi:softprob", "dart"), folder / "churn.ubj")


def saved_sklearn(folder: Path) -> Path:
    rows = "missing"
    case = sklearn_models.Case("RandomForestClassifier", (("max_depth", 4),), "three", rows)
    return sklearn_models.save(case, folder / "churn.joblib")


@pytest.mark.parametrize("save", [saved_lightgbm, saved_xgboost, saved_sklearn])
def test_every_library_reaches_a_jar_with_its_proof(save: Any, worker: Worker, tmp_path: Path) -> None:
    result = convert(worker, save(tmp_path), "jar", trust=True)
    assert result.parity["status"] == "passed", result.parity
    first, second = result.parity["checks"]
    assert second["stage"] == "forest2jar"
    assert "margin" in second["tolerance"]["exact"]
    for check in (first, second):
        assert "not reached" not in check["facts"]["leaves"]
    assert {one["name"]: one["ulps"] for one in second["outputs"]}["margin"] == 0
    assert result.artifact.flavour == "native"


def test_a_jar_is_held_against_the_model_it_came_from(worker: Worker, tmp_path: Path) -> None:
    """In one step, over the iterations that were taken, bit for bit."""
    model = saved_lightgbm(tmp_path)
    options = {"lightgbm2forest": {"num_iteration": 2}}
    made = convert(worker, model, "jar", validate=False, options=options).artifact.path
    found = mlconvert.validate(model, made)
    assert found.status == "passed"
    check = found.document["artifacts"][0]["check"]
    assert (check["stage"], check["tolerance"]["by"]) == (None, "forest2jar")
    assert "margin" in check["tolerance"]["exact"]


def test_the_command_line(tmp_path: Path) -> None:
    saved_lightgbm(tmp_path)
    words = ["lightgbm2jar", "churn.txt", "--java-package", "com.acme.churn", "--maven", "com.acme:churn:1.2.0"]
    command = [sys.executable, "-m", "mlconvert", *words, "--no-validate"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "jar (native)" in run.stdout and "Java 11 or newer" in run.stdout
    assert opening.read(tmp_path / "churn.jar").package == "com.acme.churn"


def test_the_contract(forest: Path, tmp_path: Path) -> None:
    assert check_stage(Forest2Jar(), Artifact(forest, "forest"), tmp_path).flavour == "native"


# --- what is written -----------------------------------------------------------------------------------


def test_the_same_bytes_in_two_folders(worker: Worker, forest: Path, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    one, other = (converted(worker, forest, folder, maven="com.acme:churn:1").read_bytes() for folder in folders)
    assert one == other


def test_the_model_is_called_by_its_file(worker: Worker, forest: Path, tmp_path: Path) -> None:
    for name, called in (("a b é.v2.jar", "a_b_.v2"), ("..jar", "_"), ("x.jar", "x")):
        assert opening.read(converted(worker, forest, tmp_path, name)).name == called


def test_the_cache_knows_the_name(worker: Worker, forest: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        made = convert(worker, forest, "jar", out=tmp_path / f"{name}.jar", validate=False, cache=True)
        assert opening.read(made.artifact.path).name == name


def test_golden_rows_are_few_and_score_right(forest: Path, worker: Worker, tmp_path: Path) -> None:
    made = converted(worker, forest, tmp_path)
    held = jars.members(made)["META-INF/mlconvert/churn/golden.rows"]
    assert golden.count(held) > 10 and len(held) < 2200
    values = np.frombuffer(held[8:], "<f8")[: golden.count(held) * 5]
    assert np.isnan(values).any() and np.isinf(values).any()
    with mlconvert.open(made) as runner:
        assert isinstance(runner, JarRunner)
        assert runner.self_test() == golden.count(held)


def test_a_changed_leaf_fails_the_self_test(forest: Path, worker: Worker, tmp_path: Path) -> None:
    wrong = layout.read(forest)
    wrong.leaf_value[:] = np.nextafter(wrong.leaf_value, 1)

    def change(members: jars.Members) -> None:
        members["META-INF/mlconvert/churn/model.forest"] = layout.pack(wrong)

    path = jars.rewritten(converted(worker, forest, tmp_path), tmp_path / "wrong.jar", change)
    with mlconvert.open(path) as runner, pytest.raises(ConversionError, match="golden row") as caught:
        assert isinstance(runner, JarRunner)
        runner.self_test()
    assert caught.value.code == "jar-refused"
    assert jars.java("-jar", path, "--self-test").returncode == 1


def test_a_thin_jar_holds_the_model_alone(worker: Worker, forest: Path, tmp_path: Path) -> None:
    made = converted(worker, forest, tmp_path, thin=True, maven="com.acme:churn:1.2.0")
    held = jars.members(made)
    assert not any(name.endswith(".class") for name in held)
    pom = held["META-INF/maven/com.acme/churn/pom.xml"].decode()
    assert "<artifactId>mlconvert-runtime</artifactId>" in pom
    assert b"version=1.2.0" in held["META-INF/maven/com.acme/churn/pom.properties"]
    assert len(made.read_bytes()) < len(converted(worker, forest, tmp_path, "full.jar").read_bytes()) / 3
    with mlconvert.open(made) as runner:
        assert isinstance(runner, JarRunner)
        assert runner.self_test() > 0


def test_a_package_of_its_own(worker: Worker, forest: Path, tmp_path: Path) -> None:
    made = converted(worker, forest, tmp_path, java_package="com.acme.churn")
    held = jars.members(made)
    for name, content in held.items():
        assert not name.startswith("mlconvert/")
        assert not name.endswith(".class") or b"mlconvert/runtime/" not in content
    assert b"Main-Class: com.acme.churn.Main" in held["META-INF/MANIFEST.MF"]
    run = jars.java("-jar", made, "--self-test")
    assert run.returncode == 0, run.stderr


# --- in a JVM ------------------------------------------------------------------------------------------


def test_csv_in_csv_out(worker: Worker, forest: Path, tmp_path: Path) -> None:
    made = converted(worker, forest, tmp_path)
    x = lightgbm_models.rows(CASE, np.random.default_rng(0))[:20]
    with mlconvert.open(made) as runner:
        expected = runner.run({"x": x})
    names = [column.name for column in runner.signature.columns]
    cells = [["" if np.isnan(value) else repr(float(value)) for value in row] for row in x]
    text = "".join(",".join(row) + "\r\n" for row in (names, *cells))
    run = jars.java("-jar", made, "--margin", text=text)
    assert run.returncode == 0, run.stderr
    header, *rows = csv.reader(io.StringIO(run.stdout))
    assert len(rows) == 20
    found = {name: [row[place] for row in rows] for place, name in enumerate(header)}
    for place, label in enumerate(runner.signature.labels):
        assert [float(one) for one in found[f"probability({label})"]] == expected["probability"][:, place].tolist()
    assert found["label"] == [str(label) for label in expected["label"]]


def test_several_models_live_on_one_class_path(worker: Worker, forest: Path, tmp_path: Path) -> None:
    """Two that share the runtime's own package, and two with packages of their own."""
    other = tmp_path / "other.forest"
    layout.write(jars.forest_of(Case("regression")), other)
    made = {
        "one": converted(worker, forest, tmp_path, "one.jar"),
        "two": converted(worker, other, tmp_path, "two.jar"),
        "com.acme.one": converted(worker, forest, tmp_path, "3.jar", java_package="com.acme.one"),
        "com.acme.two": converted(worker, other, tmp_path, "4.jar", java_package="com.acme.two"),
    }
    for name, margins in (("one", 3), ("two", 1), ("com.acme.one", 3), ("com.acme.two", 1)):
        package = name if "." in name else "mlconvert.runtime"
        arguments = [package, name, str(made[name]), *(str(path) for path in made.values() if path != made[name])]
        with Jvm(compiled.DRIVER, arguments, memory=2**28, seconds=60) as jvm:
            assert jvm.greeting[4:8].tobytes() == margins.to_bytes(4, "little")
            assert int.from_bytes(jvm.ask(b"g"), "little") > 0


# --- refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("java_package", "com.acme.class", "no Java package"),
        ("java_package", "com..acme", "no Java package"),
        ("java_package", "com/acme", "no Java package"),
        ("java_package", "java.acme", "below java"),
        ("maven", "com.acme:churn", "groupId:artifactId:version"),
        ("maven", "com.acme:../../churn:1", "groupId:artifactId:version"),
        ("maven", "a:b:<c>", "groupId:artifactId:version"),
    ],
)
def test_options_that_mean_nothing(option: str, value: str, says: str, forest: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        mlconvert.convert(forest, "jar", tmp_path / "m.jar", options={"forest2jar": {option: value}})


def refused(options: JarOptions = JarOptions()) -> Any:  # noqa: B008  # frozen
    return next(iter(Forest2Jar().available(options, Host.here())), None)


def test_an_installation_without_the_runtime_refuses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert refused() is None
    monkeypatch.setattr(compiled, "RUNTIME", tmp_path / "runtime.jar")
    monkeypatch.setattr(compiling, "COMPILED", tmp_path)
    (tmp_path / "runtime.absent.txt").write_text("there was no JDK, neither in JAVA_HOME nor on PATH\n")
    refusal = refused()
    assert refusal.code == "no-runtime" and "there was no JDK" in refusal.message and "install a JDK" in refusal.fix
    assert refused(JarOptions(thin=True)) is None


def test_sources_newer_than_what_was_compiled_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "digest", lambda java, module: "another")
    refusal = refused()
    assert refusal.code == "stale-runtime" and "compile them again" in refusal.fix


def test_the_runtimes_coordinates_are_those_of_its_pom() -> None:
    pom = (Path(__file__).parents[2] / "java" / "runtime" / "pom.xml").read_text(encoding="utf-8")
    for name, value in zip(("groupId", "artifactId", "version"), maven.RUNTIME.split(":"), strict=True):
        assert f"<{name}>{value}</{name}>" in pom

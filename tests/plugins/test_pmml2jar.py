"""pmml → jar: what JPMML's transpiler makes of documents, held against them, and against the libraries behind them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import churn
import jars
import lightgbm_models
import mlconvert
import xgboost_models
from architecture import REPOSITORY
from converting import convert, validate
from jpmml_jars import DEFAULT, NULL, answer, save, stumps
from lightgbm_models import Case
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.host import Host
from mlconvert.stage import Context, Outcome
from mlconvert.testing import check_stage
from mlconvert.worker import Worker
from mlconvert_plugins.jar_runner import JarRunner
from mlconvert_plugins.javajar import manifest
from mlconvert_plugins.jpmml import jars as wheels
from mlconvert_plugins.jpmml import session
from mlconvert_plugins.jpmmljar import contents, licence
from mlconvert_plugins.pmml2jar import Pmml2Jar, TranspileOptions

pytestmark = pytest.mark.skipif(not shutil.which("javac") or not wheels.class_path(), reason="JPMML or a JDK is absent")

# JPMML's translator takes the first two for one array, and two and two of the others for one identifier.
NAMES = ("Column_0", "Column_3", "g.h", "gh", "A", "a", 'q"\\', "日本", "class", "x$12")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return save(stumps(NAMES), tmp_path_factory.mktemp("document") / "names.pmml")


@pytest.fixture(scope="module")
def made(document: Artifact, worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fat jar."""
    jar = tmp_path_factory.mktemp("jar") / "names.jar"
    facts = make(worker, document.path, jar, thin=False)
    assert facts["class"] == "names.Model" and facts["licence"] == "AGPL-3.0" and facts["golden_rows"] > 1
    return jar


def make(worker: Worker, document: Path, jar: Path, **options: Any) -> dict[str, Any]:
    """The facts of a jar, a thin one where nothing else is asked for; its golden rows are proof enough here."""
    given = {"pmml2jar": {"thin": True, **options}}
    result = convert(worker, document, "jar", out=jar, validate=False, options=given)
    facts: dict[str, Any] = result.manifest["route"][-1]["facts"]
    return facts


def ran(jar: Path, x: np.ndarray) -> dict[str, np.ndarray]:
    with JarRunner(Artifact(jar, "jar"), trust=True) as runner:
        return runner.run({"x": x})


# --- the routes ----------------------------------------------------------------------------------------


def saved_lightgbm(folder: Path) -> Path:
    return lightgbm_models.save(Case("binary", categories="few"), folder / "churn")


def saved_xgboost(folder: Path) -> Path:
    return xgboost_models.save(xgboost_models.Case("multi:softprob", "dart"), folder / "churn")


@pytest.mark.parametrize("save", [saved_lightgbm, saved_xgboost])
def test_libraries_reach_a_jar_with_their_proof(save: Any, worker: Worker, tmp_path: Path) -> None:
    model = save(tmp_path)
    result = convert(worker, model, "jar", via=("pmml",), options={"pmml2jar": {"thin": True}})
    assert result.artifact.flavour == "jpmml"
    assert result.parity["status"] == "passed", result.parity
    assert [check["stage"] for check in result.parity["checks"]] == [
        f"{result.manifest['source']['format']}2pmml",
        "pmml2jar",
    ]
    assert result.manifest["route"][1]["facts"]["golden_rows"] > 1
    assert "interpreted" not in result.manifest["route"][1]["facts"]
    # Over both hops at once, by the route that its manifest tells of.
    assert mlconvert.validate(model, result.artifact.path, trust=True).status == "passed"


def test_the_other_way_is_native(document: Artifact, worker: Worker, tmp_path: Path) -> None:
    result = convert(worker, document.path, "jar", via=("forest",), out=tmp_path / "m.jar")
    assert (result.artifact.flavour, result.parity["status"]) == ("native", "passed")


def test_the_contract_and_the_same_bytes_in_two_jvms(document: Artifact, made: Path, tmp_path: Path) -> None:
    """`check_stage` converts twice in a worker of its own, which has another JVM than the one that made the jar."""
    options = TranspileOptions(java_package="names")
    other = check_stage(Pmml2Jar(), document, tmp_path, options)
    assert other.flavour == "jpmml"
    assert other.path.read_bytes() == made.read_bytes()


def test_the_same_bytes_of_many_trees(worker: Worker, tmp_path: Path) -> None:
    """JPMML gives each tree beyond the thousandth node a class of its own, which is called by chance."""
    model = lightgbm_models.save(Case("binary", extra="deep"), tmp_path / "deep")
    pmml = convert(worker, model, "pmml", validate=False).artifact.path
    made = [tmp_path / name for name in ("one.jar", "two.jar")]
    for jar in made:
        make(worker, pmml, jar, java_package="deep")
    assert made[0].read_bytes() == made[1].read_bytes()
    assert len([name for name in jars.members(made[0]) if name.endswith(".class")]) > 3


# --- what it computes ----------------------------------------------------------------------------------


def test_fields_keep_their_names_and_do_not_mix(made: Path) -> None:
    x = np.random.default_rng(0).uniform(-1, 2, (200, len(NAMES)))
    np.testing.assert_array_equal(ran(made, x)["prediction"], answer(x))
    with JarRunner(Artifact(made, "jar"), trust=True) as runner:
        assert tuple(column.name for column in runner.signature.columns) == NAMES


def test_rows_are_drawn_where_a_document_has_none(document: Artifact, worker: Worker, tmp_path: Path) -> None:
    assert "ModelVerification" not in document.path.read_text(encoding="utf-8")
    assert make(worker, document.path, tmp_path / "m.jar")["golden_rows"] > 1
    # Of so many columns one is always infinite, which a document's text cannot say.
    wide = save(stumps([f"Column_{place}" for place in range(60)]), tmp_path / "wide.pmml")
    assert make(worker, wide.path, tmp_path / "wide.jar")["golden_rows"] > 1


def test_a_document_that_answers_nothing_proves_nothing(worker: Worker, tmp_path: Path) -> None:
    """A tree asks for a field that the document does not take; the code made of it would not mind."""
    text = stumps(("a", "b")).replace('      <MiningField name="b"/>\n', "", 1)
    with pytest.raises(ConversionError) as caught:
        make(worker, save(text, tmp_path / "m.pmml").path, tmp_path / "m.jar")
    assert caught.value.code == "unproven" and '"b"' in caught.value.message


def test_a_document_that_contradicts_its_own_rows_makes_no_jar(worker: Worker, tmp_path: Path) -> None:
    names = ("a",)
    rows = """\
    <ModelVerification recordCount="1" fieldCount="2">
      <VerificationFields>
        <VerificationField field="a"/>
        <VerificationField field="y" precision="1e-9"/>
      </VerificationFields>
      <InlineTable><row><a>1</a><y>17</y></row></InlineTable>
    </ModelVerification>
"""
    with pytest.raises(ConversionError) as caught:
        make(worker, save(stumps(names, verification=rows), tmp_path / "m.pmml").path, tmp_path / "m.jar")
    assert caught.value.code == "jar-refused"


def test_what_the_translator_does_not_know_is_said(worker: Worker, tmp_path: Path) -> None:
    document = save(stumps(("a", "b"), DEFAULT), tmp_path / "m.pmml")
    assert "missingValueStrategy=defaultChild" in make(worker, document.path, tmp_path / "m.jar")["interpreted"]
    x = np.array([[np.nan, np.nan], [1, 1]])
    np.testing.assert_array_equal(ran(tmp_path / "m.jar", x)["prediction"], [[-3.0], [3.0]])


def test_missing_values_follow_the_document(worker: Worker, tmp_path: Path) -> None:
    make(worker, save(stumps(("a", "b"), NULL), tmp_path / "m.pmml").path, tmp_path / "m.jar")
    x = np.array([[np.nan, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(ran(tmp_path / "m.jar", x)["prediction"], [[np.nan], [-3.0]])


def test_a_damaged_constant_is_found(worker: Worker, tmp_path: Path) -> None:
    document = save(stumps(("a", "b")), tmp_path / "m.pmml")
    jar = convert(worker, document.path, "jar", options={"pmml2jar": {"thin": True}}).artifact.path

    def halve(held: dict[str, bytes]) -> None:
        (name,) = (
            name for name in held if name.endswith("$Arguments.class") is False and b"evaluateRegression" in held[name]
        )
        one, half = np.array([2.0, 1.5], ">f8").tobytes()[:8], np.array([1.5], ">f8").tobytes()
        assert one in held[name]
        held[name] = held[name].replace(one, half)

    damaged = jars.rewritten(jar, tmp_path / "damaged.jar", halve)
    found = validate(worker, document.path, damaged, made_here=True)
    assert found["status"] == "failed"


# --- what is in it -------------------------------------------------------------------------------------


def test_a_fat_jar_holds_what_it_needs_and_no_source(made: Path) -> None:
    held = jars.members(made)
    assert contents.EVALUATOR in held and "com/google/common/collect/ImmutableMap.class" in held
    assert held[contents.SERVICE] == b"names.Model\n"
    assert len(held["META-INF/services/org.jpmml.evaluator.ModelEvaluator"].splitlines()) > 10
    left_out = (
        r".*\.(java|SF|RSA|DSA)|.*module-info\.class|META-INF/versions/.*|META-INF/maven/.*|.*(telemetry|gson|javac).*"
    )
    assert not [name for name in held if re.fullmatch(left_out, name)]


def test_it_says_what_agpl_means(made: Path) -> None:
    held = jars.members(made)
    assert manifest.read(held[manifest.PATH])["Bundle-License"] == "AGPL-3.0"
    assert b"GNU AFFERO GENERAL PUBLIC LICENSE" in held[licence.LICENCE]
    notice = held[licence.NOTICE].decode()
    assert "source" in notice and "network" in notice and "--via forest" in notice
    for part in re.findall(r"^- \S+?:(\S+)$", notice, re.M):
        folder = f"META-INF/licenses/{part.replace(':', '-')}/"
        own = "META-INF/LICENSE" if part.startswith("pmml-evaluator") else folder
        assert any(name.startswith(own) for name in held), part


def test_a_thin_jar_says_what_must_stand_beside_it(document: Artifact, worker: Worker, tmp_path: Path) -> None:
    jar, options = tmp_path / "m.jar", {"maven": "com.acme:churn:1.0.0", "java_package": "com.acme.churn"}
    facts = make(worker, document.path, jar, sources=True, **options)
    held = jars.members(jar)
    assert facts["needs"] == manifest.read(held[manifest.PATH])[contents.NEEDS]
    group, artifact, version = facts["needs"].split(":")
    assert (group, artifact) == ("org.jpmml", "pmml-evaluator")
    pom = held["META-INF/maven/com.acme/churn/pom.xml"].decode()
    assert f"<artifactId>{artifact}</artifactId>\n      <version>{version}</version>" in pom
    assert not [name for name in held if name.endswith(".class") and not name.startswith("com/acme/churn/Model")]
    assert b'"Column_0"' in held["com/acme/churn/Model.java"]
    assert facts["class"] == "com.acme.churn.Model" and jar.stat().st_size < 100_000


def test_one_jar_on_the_class_path_is_enough(tmp_path: Path) -> None:
    """From the command line to a program of a user's: ServiceLoader, values by name as text, many threads."""
    x = churn.frame()
    churn.train(x).save_model(tmp_path / "churn.txt")
    command = [sys.executable, "-m", "mlconvert", "lightgbm2jar", "churn.txt", "--via", "pmml", "--no-validate"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "(jpmml)" in run.stderr.splitlines()[0] and "AGPL-3.0" in run.stderr
    assert "jar (jpmml)" in run.stdout and "ServiceLoader" in run.stdout
    x.to_csv(tmp_path / "rows.csv", index_label="id")
    jar, classes = tmp_path / "churn.jar", tmp_path / "classes"
    source = REPOSITORY / "tests" / "consumers" / "jpmml" / "Service.java"
    subprocess.run(["javac", "-Xlint:all", "-Werror", "-cp", str(jar), "-d", str(classes), str(source)], check=True)
    run = jars.java("-cp", os.pathsep.join(map(str, (jar, classes))), "Service", tmp_path / "rows.csv")
    assert run.returncode == 0, run.stderr
    found = np.array([float(line) for line in run.stdout.split()])
    np.testing.assert_allclose(found, churn.train(x).predict(x), rtol=1e-12)


# --- what stands in the way ----------------------------------------------------------------------------


def test_a_runtime_without_a_compiler_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = _runtime(tmp_path)
    monkeypatch.setenv("JAVA_HOME", str(home))
    (refusal,) = Pmml2Jar().available(TranspileOptions(), Host.here())
    assert refusal.code == "no-jdk" and "default-jdk-headless" in refusal.fix
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no-jdk" in [refusal.code for refusal in Pmml2Jar().available(TranspileOptions(), Host.here())]


def test_a_jvm_without_a_compiler_says_so(document: Artifact, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(_runtime(tmp_path)))
    with pytest.raises(ConversionError) as caught:
        made_here(document, tmp_path)
    assert caught.value.code == "no-jdk" and "JDK" in caught.value.fix


def _runtime(folder: Path) -> Path:
    """A Java home that has no compiler, as a JRE's."""
    java = folder / "jre" / "bin" / "java"
    java.parent.mkdir(parents=True)
    modules = "java.base,java.compiler,java.desktop,java.logging,java.xml,java.sql,java.management,jdk.unsupported"
    java.write_text(f'#!/bin/sh\nexec {shutil.which("java")} --limit-modules {modules} "$@"\n', encoding="utf-8")
    java.chmod(0o755)
    return folder / "jre"


def test_what_java_has_no_room_for_is_explained(worker: Worker, tmp_path: Path) -> None:
    """A constant of a class has at most 65,535 bytes."""
    field = '<DataField name="a" optype="continuous" dataType="double"'
    text = stumps(("a",)).replace(field, f'{field} displayName="{"w" * 70_000}"')
    with pytest.raises(ConversionError) as caught:
        make(worker, save(text, tmp_path / "m.pmml").path, tmp_path / "m.jar")
    assert caught.value.code == "too-large" and "--via forest" in caught.value.fix
    assert "Model.java:" in caught.value.where and "constant string too long" in caught.value.message


def test_too_little_memory_says_how_much_to_give(document: Artifact, tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        made_here(document, tmp_path, heap=6 * 2**20)
    assert caught.value.code == "out-of-memory" and "--heap" in caught.value.fix


def made_here(document: Artifact, folder: Path, **options: Any) -> Outcome:
    """A jar, made in this process by a JVM that has just been started."""
    session.close()
    try:
        ctx = Context(folder, folder)
        return Pmml2Jar().convert(document, TranspileOptions(**options), folder / "m.jar", ctx)
    finally:
        session.close()


def test_nothing_of_jpmml_is_in_the_native_way() -> None:
    """What the licence says of the two ways is true of what is compiled into this package."""
    for name in ("runtime", "driver"):
        with zipfile.ZipFile(REPOSITORY / "plugins/mlconvert_plugins/javajar/compiled" / f"{name}.jar") as jar:
            assert not [member for member in jar.namelist() if b"org/jpmml" in jar.read(member)]

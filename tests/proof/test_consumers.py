"""Those who use a jar: a Maven project, a Scala program, a Spark job, each against LightGBM's own numbers.

Maven and Spark are not among the developers' tools: what is missing is skipped by name. `MLCONVERT_PYSPARK` names the
Python of an environment that has pyspark (3.5, whose jars are Scala 2.12's compiler too); `uv venv` makes one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import churn
import mlconvert
from architecture import REPOSITORY

CONSUMERS = REPOSITORY / "tests" / "consumers"
COORDINATES = "com.acme:churn:1.0.0"
# Reads the coordinates in the jar; the version that Maven 3 takes by itself does not.
INSTALL = "org.apache.maven.plugins:maven-install-plugin:3.1.2"

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """What the command writes to stdout. Fails with all that it said."""
    surroundings = {**os.environ, **environment}
    done = subprocess.run(command, cwd=cwd, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on the path")
    return found


@pytest.fixture(scope="session")
def spark() -> Path:
    """The home of a Spark."""
    python = os.environ.get("MLCONVERT_PYSPARK", "")
    if not python:
        pytest.skip("MLCONVERT_PYSPARK names no Python that has pyspark")
    return Path(run(python, "-c", "import pathlib, pyspark; print(pathlib.Path(pyspark.__file__).parent)").strip())


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`churn.jar`, `rows.csv`, and what LightGBM says in `expected.npy`: margins and probabilities."""
    folder = tmp_path_factory.mktemp("consumers")
    x = churn.frame()
    booster = churn.train(x)
    options = {"forest2jar": {"java_package": "com.acme.churn", "maven": COORDINATES}}
    mlconvert.convert(booster, to="jar", out=folder / "churn.jar", options=options)
    x.to_csv(folder / "rows.csv", index_label="id")
    np.save(folder / "expected.npy", np.stack([booster.predict(x, raw_score=True), booster.predict(x)], axis=1))
    return folder


def check(folder: Path, answer: str) -> None:
    """Lines of a margin and a probability: margins to the bit, probabilities to 2 ULPs of 1."""
    found = np.array([[float(number) for number in line.split(",")[-2:]] for line in answer.splitlines()])
    expected = np.load(folder / "expected.npy")
    assert found.shape == expected.shape
    assert (found[:, 0].view(np.int64) == expected[:, 0].view(np.int64)).all()
    assert np.abs(found[:, 1] - expected[:, 1]).max() <= 2**-52


def test_a_maven_project_depends_on_it(folder: Path, tmp_path: Path) -> None:
    # A repository of its own: nothing comes from, or stays in, that of the user. What Maven itself needs is kept.
    repository = REPOSITORY / "proof" / "m2"
    shutil.rmtree(repository / "com" / "acme", ignore_errors=True)
    maven = (tool("mvn"), "--quiet", "--batch-mode", f"-Dmaven.repo.local={repository}")
    run(*maven, f"{INSTALL}:install-file", f"-Dfile={folder / 'churn.jar'}", cwd=folder)
    installed = repository / "com" / "acme" / "churn" / "1.0.0" / "churn-1.0.0.jar"
    assert installed.read_bytes() == (folder / "churn.jar").read_bytes()
    project = shutil.copytree(CONSUMERS / "maven", tmp_path / "service")
    run(*maven, "compile", cwd=project)
    classes = os.pathsep.join(map(str, (project / "target" / "classes", installed)))
    check(folder, run(tool("java"), "-cp", classes, "com.acme.service.Service", folder / "rows.csv"))


def test_a_scala_program_asks_it(folder: Path, spark: Path, tmp_path: Path) -> None:
    jars = f"{spark / 'jars'}/*"
    compile_scala(spark, CONSUMERS / "scala" / "Service.scala", folder / "churn.jar", tmp_path)
    classes = os.pathsep.join((str(tmp_path), str(folder / "churn.jar"), jars))
    check(folder, run(tool("java"), "-cp", classes, "-Dfile.encoding=UTF-8", "Service", folder / "rows.csv"))


@pytest.mark.parametrize("master", ["local[2]", "local-cluster[2,1,1024]"])
def test_a_spark_job_scores_on_the_executors(folder: Path, spark: Path, tmp_path: Path, master: str) -> None:
    compile_scala(spark, CONSUMERS / "spark" / "Job.scala", folder / "churn.jar", tmp_path / "classes")
    run(tool("jar"), "--create", "--file", tmp_path / "job.jar", "-C", tmp_path / "classes", ".")
    submit = (spark / "bin" / "spark-submit", "--master", master, "--conf", "spark.ui.enabled=false", "--class", "Job")
    arguments = (tmp_path / "job.jar", folder / "rows.csv", tmp_path / "answer")
    home = {"SPARK_HOME": str(spark), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_SCALA_VERSION": "2.12"}
    run(*submit, "--jars", folder / "churn.jar", *arguments, cwd=tmp_path, **home)
    (part,) = (tmp_path / "answer").glob("part-*.csv")
    check(folder, part.read_text().partition("\n")[2])


def compile_scala(spark: Path, source: Path, jar: Path, out: Path) -> None:
    out.mkdir(exist_ok=True)
    classes = os.pathsep.join((f"{spark / 'jars'}/*", str(jar)))
    scalac = (tool("java"), "-cp", classes, "scala.tools.nsc.Main", "-usejavacp", "-deprecation:false")
    run(*scalac, "-encoding", "UTF-8", "-d", out, source)

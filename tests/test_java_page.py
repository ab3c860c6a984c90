"""docs/java.md tells the truth: its Java is a program that runs, its commands run, its files are those under test."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import churn
import mlconvert
from architecture import REPOSITORY
from documents import blocks, run

BLOCKS = blocks(REPOSITORY / "docs" / "java.md")

pytestmark = pytest.mark.skipif(not shutil.which("javac"), reason="there is no JDK on the path")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`churn.jar` and `rows.csv`."""
    folder = tmp_path_factory.mktemp("page")
    x = churn.frame()
    options = {"forest2jar": {"java_package": "com.acme.churn", "maven": "com.acme:churn:1.0.0"}}
    mlconvert.convert(churn.train(x), to="jar", out=folder / "churn.jar", options=options)
    x.to_csv(folder / "rows.csv", index_label="id")
    return folder


def texts(language: str) -> list[str]:
    """The blocks that are no files."""
    return [block.text for block in BLOCKS if block.language == language and not block.path]


def test_its_java_is_a_program(folder: Path, tmp_path: Path) -> None:
    lines = "".join(texts("java")).splitlines()
    imports = sorted({line for line in lines if line.startswith("import ")})
    body = [line for line in lines if not line.startswith("import ")]
    method = ["public static void main(String[] args) throws Exception {", *body, "}"]
    (tmp_path / "Page.java").write_text("\n".join([*imports, "public class Page {", *method, "}"]), encoding="utf-8")
    classes = os.pathsep.join((str(folder / "churn.jar"), str(tmp_path)))
    compiling = ("javac", "-Xlint:all", "-Werror", "-encoding", "UTF-8", "-cp", classes)
    run(*compiling, "-d", str(tmp_path), str(tmp_path / "Page.java"), cwd=folder)
    assert run("java", "-cp", classes, "Page", cwd=folder) in texts("text")


def test_its_files_are_those_that_are_tested() -> None:
    shown = [block for block in BLOCKS if block.path]
    assert len(shown) == 3
    for block in shown:
        assert block.text == (REPOSITORY / block.path).read_text(encoding="utf-8"), block.path


def test_its_commands_score(folder: Path, tmp_path: Path) -> None:
    (commands,) = (text for text in texts("bash") if "--self-test" in text)
    work = shutil.copytree(folder, tmp_path / "work")
    shown = run("bash", "-euc", commands, cwd=work)
    x = churn.frame()
    with (work / "predictions.csv").open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert len(found) == len(x)
    assert list(found[0]) == ["probability(0)", "probability(1)", "label"]
    probability = np.array([float(row["probability(1)"]) for row in found])
    assert np.abs(probability - churn.train(x).predict(x)).max() <= 2**-52
    margin = [float(row.split(",")[3]) for row in re.findall(r"^[\d.E,-]+$", shown, re.M)]
    assert margin == churn.train(x).predict(x, raw_score=True).tolist()


def test_its_error_is_what_the_jar_says(folder: Path) -> None:
    rows = "city,age,income,vip\nWien,1,2,0\nAtlantis,1,2,0\n"
    command = ("java", "-jar", str(folder / "churn.jar"))
    done = subprocess.run(command, input=rows, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr in texts("text")

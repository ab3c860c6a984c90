from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from mlconvert_plugins.javajar import compiled, compiling
from mlconvert_plugins.javajar.compiling import NoJdkError, NoJpmmlError
from mlconvert_plugins.jpmml import jars

REPOSITORY = Path(__file__).resolve().parents[3]
JAVA = REPOSITORY / "java"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of their own for compiled jars, and a machine without Java."""
    place, path = tmp_path / "compiled", tmp_path / "bin"
    path.mkdir()
    monkeypatch.setattr(compiling, "COMPILED", place)
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return tmp_path


def javac(folder: Path, version: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "javac").write_text(f"#!/bin/sh\necho javac {version}\n")
    (folder / "javac").chmod(0o755)


def why(jar: Path) -> str:
    refusal = compiled.absent(jar)
    assert refusal is not None and refusal.code == "no-runtime"
    return refusal.message


def test_without_a_jdk_the_reason_is_kept(elsewhere: Path) -> None:
    with pytest.raises(NoJdkError):
        compiling.compile_all(JAVA)
    assert "there was no JDK" in why(elsewhere / "compiled" / "runtime.jar")


def test_a_jdk_that_is_too_old(elsewhere: Path) -> None:
    javac(elsewhere / "bin", "1.8.0_292")
    with pytest.raises(NoJdkError, match="version 8"):
        compiling.compile_all(JAVA)
    assert "version 8" in why(elsewhere / "compiled" / "runtime.jar")


def test_java_home_comes_first(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    javac(elsewhere / "bin", "11.0.2")
    javac(elsewhere / "home" / "bin", "17")
    assert compiling.javac() == str(elsewhere / "bin" / "javac")
    monkeypatch.setenv("JAVA_HOME", str(elsewhere / "home"))
    assert compiling.javac() == str(elsewhere / "home" / "bin" / "javac")
    javac(elsewhere / "home" / "bin", "9")
    assert compiling.javac() == str(elsewhere / "bin" / "javac")


def test_a_stale_jar_does_not_stay_where_it_cannot_be_compiled_again(elsewhere: Path) -> None:
    place = elsewhere / "compiled"
    place.mkdir()
    shutil.copy(compiled.RUNTIME, place)
    shutil.copy(compiled.DRIVER, place)
    shutil.copy(compiled.JPMML, place)
    compiling.compile_all(JAVA)
    other = shutil.copytree(JAVA / "runtime", elsewhere / "java" / "runtime")
    shutil.copytree(JAVA / "driver", elsewhere / "java" / "driver")
    shutil.copytree(JAVA / "jpmml" / "src", elsewhere / "java" / "jpmml" / "src")
    source = next(other.rglob("Model.java"))
    source.write_text(source.read_text(encoding="utf-8") + "// changed\n", encoding="utf-8")
    with pytest.raises(NoJdkError):
        compiling.compile_all(elsewhere / "java")
    assert sorted(path.name for path in place.iterdir()) == ["driver.jar", "jpmml.jar", "runtime.absent.txt"]
    assert "no JDK" in (place / "runtime.absent.txt").read_text(encoding="utf-8")


def test_without_jpmml_the_other_modules_are_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "COMPILED", tmp_path / "compiled")
    (tmp_path / "compiled").mkdir()
    shutil.copy(compiled.RUNTIME, tmp_path / "compiled")
    monkeypatch.setattr(jars, "_HOMES", (("sklearn2pmml", "there_is_no_such_package", "resources"),))
    with pytest.raises(NoJpmmlError):
        compiling.compile_all(JAVA)
    assert sorted(path.name for path in (tmp_path / "compiled").iterdir()) == [
        "driver.jar", "jpmml.absent.txt", "runtime.jar",
    ]  # fmt: skip
    assert "sklearn2pmml is not installed" in why(tmp_path / "compiled" / "jpmml.jar")


def test_jpmml_is_compiled_against_what_is_locked() -> None:
    locked = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    hook = (JAVA / "build_hook.py").read_text(encoding="utf-8")
    pinned = re.findall(r'"([\w-]+==[\d.]+)"', hook)
    assert {one.partition("==")[0] for one in pinned} == {"sklearn2pmml", "jpmml-evaluator"}
    assert set(pinned) <= set(locked)


def test_what_is_compiled_twice_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "COMPILED", tmp_path / "compiled")
    compiling.compile_all(JAVA)
    for jar in (compiled.RUNTIME, compiled.DRIVER, compiled.JPMML):
        assert (tmp_path / "compiled" / jar.name).read_bytes() == jar.read_bytes()


@pytest.mark.proof
@pytest.mark.parametrize("with_jdk", [True, False])
def test_a_wheel_is_built_with_and_without_a_jdk(with_jdk: bool, tmp_path: Path) -> None:
    uv = shutil.which("uv") or shutil.which("uv", path=str(REPOSITORY / ".venv" / ".uv" / "bin"))
    if uv is None:
        pytest.skip("there is no uv here")
    subprocess.run([uv, "build", "--sdist", "--out-dir", tmp_path, REPOSITORY], check=True)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as packed:
        names = packed.getnames()
    assert any(name.endswith("runtime/Model.java") for name in names)
    assert not any("/target/" in name or "/compiled/" in name for name in names)
    environment = dict(os.environ)
    if not with_jdk:
        environment.pop("JAVA_HOME", None)
        environment["PATH"] = str(tmp_path)
    command = [uv, "build", "--wheel", "--python", sys.executable, "--out-dir", tmp_path, sdist]
    subprocess.run(command, check=True, env=environment)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {Path(name).name for name in archive.namelist() if "/compiled/" in name}
    modules = ("runtime", "driver", "jpmml")
    assert held == {f"{module}.jar" if with_jdk else f"{module}.absent.txt" for module in modules}

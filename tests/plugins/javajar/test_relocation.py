from __future__ import annotations

from pathlib import Path

import pytest

import jars
from lightgbm_models import Case
from mlconvert_plugins.javajar import compiled, relocation


def test_home_is_left_as_it_is() -> None:
    classes = compiled.runtime_classes()
    assert relocation.relocate(classes, relocation.HOME) == classes


@pytest.mark.parametrize("package", ["a", "com.acme.churn", "x" * 150])
def test_there_and_back(package: str) -> None:
    """A class file's constants that named the package come back when they are moved back: nothing else has changed."""
    classes = compiled.runtime_classes()
    moved = relocation.relocate(classes, package)
    assert len(moved) == len(classes)
    for (name, content), (path, other) in zip(classes.items(), moved.items(), strict=True):
        assert path == package.replace(".", "/") + name.removeprefix("mlconvert/runtime")
        occurrences = content.count(b"mlconvert/runtime/") + content.count(b"mlconvert.runtime.")
        assert len(other) == len(content) + occurrences * (len(package) - len(relocation.HOME))
        assert b"mlconvert/runtime/" not in other


def test_it_runs_where_it_was_moved_to(tmp_path: Path) -> None:
    made = jars.make(jars.forest_of(Case("binary")), tmp_path / "m.jar", java_package="p_$.q1")
    run = jars.java("-jar", made, "--self-test")
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("text", ["", ".", "a.", "1a", "a-b", "int", "com.new.x", "é", "java", "java.util", "a" * 300])
def test_what_is_no_package(text: str) -> None:
    with pytest.raises(ValueError):
        relocation.package(text)

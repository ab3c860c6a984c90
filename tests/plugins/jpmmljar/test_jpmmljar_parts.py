"""What a fat jar is made of: the evaluator and what it needs, whole, each with its licence."""

from __future__ import annotations

import re
import zipfile

import pytest

from mlconvert_plugins.jpmml import jars as wheels
from mlconvert_plugins.jpmmljar import licence, parts

pytestmark = pytest.mark.skipif(not wheels.class_path(), reason="JPMML is not installed")


def test_nothing_that_could_run_is_lost() -> None:
    found = parts.found()
    held = parts.members(found)
    for part in found:
        with zipfile.ZipFile(part.path) as jar:
            classes = {name for name in jar.namelist() if name.endswith(".class") and not name.startswith("META-INF/")}
        assert classes - {"module-info.class"} <= held.keys(), part
    assert not [name for name in held if re.search(r"module-info|\.(SF|RSA|DSA)$|versions/|META-INF/maven", name)]


def test_no_two_parts_hold_the_same_class() -> None:
    seen: dict[str, str] = {}
    for part in parts.found():
        with zipfile.ZipFile(part.path) as jar:
            for name in jar.namelist():
                if name.endswith(".class") and name != "module-info.class" and not name.startswith("META-INF/"):
                    assert seen.setdefault(name, part.artifact) == part.artifact


def test_every_part_has_its_licence() -> None:
    found = parts.found()
    held = {**parts.members(found), **licence.members("m.Model", found, found[0].coordinates)}
    for part in found:
        folder = f"META-INF/licenses/{part.artifact}-{part.version}/"
        # That of the evaluator is the jar's own.
        own = licence.LICENCE if part.artifact == "pmml-evaluator" else folder
        assert any(name.startswith(own) for name in held), part
        assert f"- {part.coordinates}\n".encode() in held[licence.NOTICE]

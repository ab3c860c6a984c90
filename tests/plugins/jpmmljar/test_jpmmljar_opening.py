"""Jars of JPMML's that nobody vouches for: read as data, refused where they are not what they say."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from jars import Members
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.host import Host
from mlconvert.signature import Column, DimRange, Signature, Tensor
from mlconvert.testing.common import ask
from mlconvert.worker import Worker
from mlconvert_plugins.jar import Jar
from mlconvert_plugins.javajar import manifest, packing
from mlconvert_plugins.jpmmljar import contents, opening

FORMAT = Jar()
SIGNATURE = Signature(
    (Tensor("x", "float64", ("n", 1)),),
    (Tensor("prediction", "float64", ("n", 1)),),
    {"n": DimRange(1, 1, None)},
    (Column("a", "numeric", missing="nan"),),
)
# The head of a class file of Java 11.
CLASS = struct.pack(">IHH", 0xCAFEBABE, 0, 55)


def members() -> Members:
    own = {"m/Model.class": CLASS, "m/Model$JavaModel$1.class": CLASS, "other/Model.class": CLASS}
    return {
        manifest.PATH: manifest.write(contents.attributes("m.Model", "org.jpmml:pmml-evaluator:1.7.7")),
        contents.SERVICE: b"# a comment\n m.Model \n",
        contents.signature_at("m.Model"): contents.as_bytes(SIGNATURE),
        **own,
    }


def packed(folder: Path, changes: Members | None = None, without: str = "") -> Path:
    held = {name: content for name, content in {**members(), **(changes or {})}.items() if name != without}
    path = folder / "m.jar"
    path.write_bytes(packing.pack(held))
    return path


def test_what_is_in_one(tmp_path: Path) -> None:
    jar = opening.read(packed(tmp_path))
    assert (jar.class_name, jar.signature, jar.classes) == ("m.Model", SIGNATURE, 2 * len(CLASS))
    assert (jar.java_version, jar.has_evaluator, jar.has_sources, jar.coordinates) == (11, False, False, None)


def test_the_format_knows_it_without_running_it(tmp_path: Path, worker: Worker) -> None:
    path = packed(tmp_path)
    assert FORMAT.sniff(path) == "jpmml"
    assert "classes" in (FORMAT.executes(path, "jpmml") or "")
    assert FORMAT.probes(Artifact(path, "jar", "jpmml", SIGNATURE), 0) is None
    for artifact in (Artifact(path, "jar", "jpmml"), Artifact(path, "jar")):
        assert ask(worker, FORMAT, "signature", artifact=artifact, trust=False) == SIGNATURE
    told = ask(worker, FORMAT, "describe", path=path)
    assert told["class"] == "m.Model" and told["licence"] == "AGPL-3.0" and "pmml-evaluator" in told["evaluator"]
    verdict = FORMAT.loads_on(path, Host.here())
    assert verdict.answer == "yes" and "Java 11" in verdict.reason and "pmml-evaluator" in verdict.reason


def test_one_that_is_complete_needs_java_alone(tmp_path: Path) -> None:
    path = packed(tmp_path, {contents.EVALUATOR: struct.pack(">IHH", 0xCAFEBABE, 0, 61)})
    assert FORMAT.loads_on(path, Host.here()).reason == "Java 17 or newer loads it"
    assert FORMAT.describe(path)["evaluator"] == "in it"


def test_one_from_elsewhere_says_nothing_of_its_signature_without_trust(tmp_path: Path) -> None:
    path = packed(tmp_path, without=contents.signature_at("m.Model"))
    assert FORMAT.signature(Artifact(path, "jar", "jpmml")) == Signature()


@pytest.mark.parametrize(
    ("changes", "without", "reason"),
    [
        ({contents.SERVICE: b"m.Model\nother.Model\n"}, "", "announces 2 models"),
        ({contents.SERVICE: b"# nothing\n"}, "", "announces 0 models"),
        ({contents.SERVICE: b"\xff\xfe"}, "", "is not in it"),
        ({contents.SERVICE: b"../../etc/passwd\n"}, "", "is not in it"),
        ({}, "m/Model.class", "is not in it"),
        ({contents.signature_at("m.Model"): b"{"}, "", "its signature is none"),
        ({contents.signature_at("m.Model"): b"[]"}, "", "its signature is none"),
        ({contents.signature_at("m.Model"): b"[" * 100_000}, "", "its signature is none"),
        (
            {contents.signature_at("m.Model"): b'{"inputs": [{}], "outputs": [], "dims": {}}'},
            "",
            "its signature is none",
        ),
        ({manifest.PATH: b"nonsense"}, "", "its manifest is none"),
    ],
)
def test_what_is_not_what_it_says(changes: Members, without: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        opening.read(packed(tmp_path, changes, without))
    assert caught.value.code == "bad-jar" and reason in caught.value.message


def test_one_that_is_cut_short(tmp_path: Path) -> None:
    path = packed(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ConversionError) as caught:
        FORMAT.sniff(path)
    assert caught.value.code == "broken-file"

"""The jar format: what a jar says of itself, and which ones are opened without a word of trust."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import jars
import mlconvert
from jars import Members
from lightgbm_models import Case
from mlconvert import sources
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.host import Host
from mlconvert.testing import check_format
from mlconvert_plugins.jar import Jar
from mlconvert_plugins.javajar import manifest, packing, relocation

FORMAT = Jar()
FOREST = "META-INF/mlconvert/good/model.forest"
MODELS = "META-INF/mlconvert/models"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = jars.forest_of(Case("binary"))
    return jars.make(made, tmp_path_factory.mktemp("jar") / "good.jar", maven="com.acme:churn:1.2.0")


def test_the_contract(good: Path) -> None:
    check_format(FORMAT, good)


def test_what_it_says_of_itself(good: Path) -> None:
    told = FORMAT.describe(good)
    assert told["model"] == "good"
    assert told["maven"] == "com.acme:churn:1.2.0"
    assert (told["runtime"], told["package"]) == (mlconvert.__version__, "mlconvert.runtime")
    assert told["java"] == "11 or newer"
    assert told["class_bytes"] > 10_000 and told["golden_rows"] > 1
    assert told["trees"] == 6 and told["link"] == "sigmoid"
    assert "Java 11" in FORMAT.loads_on(good, Host.here()).reason


def test_a_thin_jar_says_what_it_needs(tmp_path: Path) -> None:
    thin = jars.make(jars.forest_of(Case("regression")), tmp_path / "m.jar", thin=True)
    assert FORMAT.describe(thin)["runtime"].startswith("none")
    assert "mlconvert:mlconvert-runtime" in FORMAT.loads_on(thin, Host.here()).reason
    assert FORMAT.executes(thin, "native") is None


def test_other_archives_are_no_jars(tmp_path: Path) -> None:
    for name, members in (("a.zip", {"a.txt": b"a"}), ("a.jar", {"A.class": b"a"})):
        (tmp_path / name).write_bytes(packing.pack(members))
        assert FORMAT.sniff(tmp_path / name) is None
    with pytest.raises(ConversionError) as caught:
        sources.detect(tmp_path / "a.jar")
    assert caught.value.code == "not-a-model"


# --- trust ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"java_package": "com.acme.churn"}, {"thin": True}], ids=str)
def test_our_own_needs_no_trust(options: dict[str, object], tmp_path: Path) -> None:
    path = jars.make(jars.forest_of(Case("regression")), tmp_path / "m.jar", **options)
    assert FORMAT.executes(path, "native") is None


def _class_path(members: Members) -> None:
    members[manifest.PATH] = members[manifest.PATH].rstrip() + b"\r\nClass-Path: evil.jar\r\n\r\n"


def _section(members: Members) -> None:
    members[manifest.PATH] += b"Name: mlconvert/runtime/Model.class\r\nX-Digest: 1\r\n\r\n"


def _continued(members: Members) -> None:
    members[manifest.PATH] = members[manifest.PATH].rstrip() + b"\r\nClass-P\r\n ath: evil.jar\r\n\r\n"


def _other_main(members: Members) -> None:
    members[manifest.PATH] = members[manifest.PATH].replace(b"mlconvert.runtime.Main", b"evil.Main")


def _main_twice(members: Members) -> None:
    line = b"Main-Class: mlconvert.runtime.Main\r\n"
    members[manifest.PATH] = members[manifest.PATH].replace(line, b"Main-Class: evil.Main\r\n" + line)


def _changed(members: Members) -> None:
    name = "mlconvert/runtime/Model.class"
    members[name] = members[name].replace(b"golden", b"g0lden")
    members[name] = members[name][:-1] + b"\x01"


STRANGERS: dict[str, tuple[Callable[[Members], object], str]] = {
    "a class": (lambda members: members.update({"evil/A.class": b"\xca\xfe\xba\xbe"}), "evil/A.class"),
    "a class of our package": (lambda members: members.update({"mlconvert/runtime/A.class": b""}), "runtime/A.class"),
    "a changed class": (_changed, "mlconvert/runtime/Model.class"),
    "a missing class": (lambda members: members.pop("mlconvert/runtime/Forest.class"), "does not hold the runtime"),
    "a version's class": (
        lambda members: members.update({"META-INF/versions/17/mlconvert/runtime/Model.class": b""}),
        "META-INF/versions",
    ),
    "a service": (lambda members: members.update({"META-INF/services/java.lang.A": b"evil.A"}), "META-INF/services"),
    "another jar": (_class_path, "Class-Path"),
    "another jar, over two lines": (_continued, "Class-Path"),
    "another main class": (_other_main, "evil.Main"),
    "two main classes": (_main_twice, "not written as"),
    "no manifest": (lambda members: members.pop(manifest.PATH), "not written as"),
    "a section": (_section, "Name: mlconvert"),
    "an agent": (
        lambda members: members.update(
            {manifest.PATH: manifest.write({"Launcher-Agent-Class": "mlconvert.runtime.Main"})}
        ),
        "Launcher-Agent-Class",
    ),
    "a native library": (lambda members: members.update({"libevil.so": b""}), "libevil.so"),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_whatever_else_could_run_needs_trust(kind: str, good: Path, tmp_path: Path) -> None:
    change, says = STRANGERS[kind]
    path = jars.rewritten(good, tmp_path / "m.jar", change)
    reason = FORMAT.executes(path, "native")
    assert reason is not None and says in reason
    with pytest.raises(ConversionError) as caught, mlconvert.open(path):
        pass
    assert caught.value.code == "needs-trust"


def test_classes_of_another_package_are_held_against_the_relocated_ones(good: Path, tmp_path: Path) -> None:
    def change(members: Members) -> None:
        classes = {name: members.pop(name) for name in list(members) if name.endswith(".class")}
        members.update(relocation.relocate(classes, "good"))
        members[manifest.PATH] = members[manifest.PATH].replace(b"mlconvert.runtime", b"good")

    path = jars.rewritten(good, tmp_path / "m.jar", change)
    assert FORMAT.executes(path, "native") is None


def test_bytes_that_the_table_of_contents_does_not_list_need_trust(good: Path, tmp_path: Path) -> None:
    """A JVM that reads the jar as a stream would see them."""
    content = good.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        table = archive.start_dir
    hidden = packing.pack({"evil/A.class": b"\xca\xfe"})
    with zipfile.ZipFile(io.BytesIO(hidden)) as archive:
        hidden = hidden[: archive.start_dir]
    end = bytearray(content[table:])
    struct.pack_into("<I", end, len(end) - 6, table + len(hidden))
    path = tmp_path / "m.jar"
    path.write_bytes(content[:table] + hidden + bytes(end))
    assert FORMAT.sniff(path) == "native"
    assert "more in it" in str(FORMAT.executes(path, "native"))


@pytest.mark.parametrize(
    "how", [{"extra": b"\x75\x70\x01\x00a"}, {"comment": b"a"}, {"compress_type": zipfile.ZIP_BZIP2}], ids=str
)
def test_what_another_reader_could_read_otherwise_needs_trust(
    how: dict[str, object], good: Path, tmp_path: Path
) -> None:
    path = tmp_path / "m.jar"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in jars.members(good).items():
            info = zipfile.ZipInfo(name)
            for field, value in how.items():
                setattr(info, field, value)
            archive.writestr(info, content, info.compress_type)
    assert "more in it" in str(FORMAT.executes(path, "native"))


# --- broken and hostile --------------------------------------------------------------------------------


def _written(path: Path, members: Members, *more: tuple[zipfile.ZipInfo | str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (*members.items(), *more):
            archive.writestr(name, content)


def _link(path: Path, members: Members) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    _written(path, members, (info, b"/etc/passwd"))


def _twice(path: Path, members: Members) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        _written(path, members, (FOREST, members[FOREST]))


def _lying(path: Path, members: Members) -> None:
    """The table of contents says that the forest is smaller than it is."""
    path.write_bytes(packing.pack(members))
    content = bytearray(path.read_bytes())
    entry = content.rindex(FOREST.encode()) - 46
    struct.pack_into("<I", content, entry + 24, 100)
    path.write_bytes(content)


HOSTILE: dict[str, tuple[Callable[[Path, Members], object], str]] = {
    "a climber": (lambda path, members: _written(path, members, ("../evil", b"")), "unsafe-archive"),
    "absolute": (lambda path, members: _written(path, members, ("/etc/evil", b"")), "unsafe-archive"),
    "a link": (_link, "unsafe-archive"),
    "a bomb": (lambda path, members: _written(path, members, ("a", bytes(2**26))), "unsafe-archive"),
    "one name twice": (_twice, "unsafe-archive"),
    "a size that lies": (_lying, "broken-file"),
    "two models": (lambda path, members: _written(path, members | {MODELS: b"good\nother\n"}), "bad-jar"),
    "no model": (lambda path, members: _written(path, members | {MODELS: b""}), "bad-jar"),
    "a model elsewhere": (lambda path, members: _written(path, members | {MODELS: b"../good\n"}), "bad-jar"),
    "no manifest": (lambda path, members: _written(path, members | {manifest.PATH: b"evil"}), "bad-jar"),
    "a broken forest": (lambda path, members: _written(path, members | {FOREST: members[FOREST][:-9]}), "bad-forest"),
    "cut off": (lambda path, members: path.write_bytes(packing.pack(members)[:-30]), "broken-file"),
    "empty": (lambda path, members: path.write_bytes(b"PK"), "broken-file"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_jars_are_refused(kind: str, good: Path, tmp_path: Path) -> None:
    make, code = HOSTILE[kind]
    path = tmp_path / "m.jar"
    make(path, jars.members(good))
    with pytest.raises(ConversionError) as caught:
        FORMAT.sniff(path)
        FORMAT.signature(Artifact(path, "jar", "native"))
    assert caught.value.code == code
    assert "\n" not in caught.value.message and caught.value.fix

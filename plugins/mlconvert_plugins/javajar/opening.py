"""Opening a native jar that nobody vouches for: what is in it, as data alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal
from mlconvert_plugins.javajar import contents, manifest, maven
from mlconvert_plugins.javajar.relocation import HOME, java_version
from mlconvert_plugins.zipped import archive
from mlconvert_plugins.zipped.archive import Archive, Kind

if TYPE_CHECKING:
    from mlconvert_plugins.trees.model import Forest

# As java's Bundle has it. Leaves of zeros and ones fold well; a thousandfold is all that deflate can do, and a bomb.
KIND = Kind("jar that forest2jar writes", expansion=100, again="convert the model again")
_LARGEST = 2**31 - 1
# Far beyond any manifest and any list of models.
SMALL = 2**16


@dataclass(frozen=True)
class NativeJar:
    """A jar's model. `package` is that of the runtime's classes in it, None for a thin jar; `classes` their bytes."""

    name: str
    package: str | None
    forest: bytes
    golden: bytes
    attributes: dict[str, str]
    classes: int
    java_version: int | None
    coordinates: str | None


def is_native(path: Path) -> bool:
    """Whether it is a jar with a model of ours. Raises ConversionError for a broken or unsafe file called .jar."""
    return holds(path, contents.MODELS)


def holds(path: Path, member: str) -> bool:
    """Whether it is a jar with this member. Raises ConversionError for a broken or unsafe file called .jar."""
    with path.open("rb") as stream:
        if stream.read(2) != b"PK":
            return False
    try:
        with archive.opened(path, KIND) as jar:
            return member in jar
    except ConversionError:
        if path.suffix.lower() == ".jar":
            raise
        return False


def forest_of(path: Path) -> Forest:
    """The forest in a jar. Raises ConversionError (`bad-jar`, `bad-forest`, `broken-file`, `unsafe-archive`)."""
    from mlconvert_plugins.trees import layout

    return layout.unpack(read(path).forest)


def read(path: Path) -> NativeJar:
    """The model in a jar. Raises ConversionError (`bad-jar`, `broken-file`, `unsafe-archive`)."""
    with archive.opened(path, KIND) as jar:
        name = model_in(jar)
        package = package_in(jar, name)
        classes = [member for member in jar.names if member.endswith(".class")]
        properties = maven.read(jar.names)
        return NativeJar(
            name,
            package,
            jar.read(contents.forest_at(name), _LARGEST),
            jar.read(contents.golden_at(name)) if contents.golden_at(name) in jar else b"",
            manifest_of(jar),
            sum(map(jar.size, classes)),
            java_version(jar.head(classes[0], 8)) if classes else None,
            maven.told(jar.read(properties, SMALL)) if properties else None,
        )


def model_in(jar: Archive) -> str:
    """The name of the only model."""
    if contents.MODELS not in jar:
        raise bad(jar.path, "it holds no model of mlconvert's")
    names = jar.read(contents.MODELS, SMALL).decode(errors="replace").split()
    if len(names) != 1:
        raise bad(jar.path, f"it holds {len(names)} models, and can be opened with one")
    if not contents.is_model_name(names[0]) or contents.forest_at(names[0]) not in jar:
        raise bad(jar.path, f"its model {names[0]} is not in it")
    return names[0]


def package_in(jar: Archive, name: str) -> str | None:
    """Where the runtime is: in the package that the model is called by, or at home."""
    found = [package for package in (name, HOME) if f"{package.replace('.', '/')}/Model.class" in jar]
    return found[0] if found else None


def manifest_of(jar: Archive, limit: int = SMALL) -> dict[str, str]:
    """The manifest's attributes, of at most so many bytes. Raises ConversionError (`bad-jar`)."""
    try:
        return manifest.read(jar.read(manifest.PATH, limit)) if manifest.PATH in jar else {}
    except ValueError as error:
        raise bad(jar.path, f"its manifest is none: {error}") from error


def bad(path: Path, reason: str) -> ConversionError:
    """What keeps a jar from being opened, in words."""
    message = f"{for_terminal(path.name)} cannot be opened: {for_terminal(reason)}"
    return ConversionError(message, code="bad-jar", where=path.name, fix="convert the model again")

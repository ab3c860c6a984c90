"""Opening a native jar that nobody vouches for: what is in it, and whether anything in it but our runtime could run."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal
from mlconvert_plugins.javajar import compiled, contents, manifest
from mlconvert_plugins.javajar.relocation import HOME, relocate
from mlconvert_plugins.zipped import archive
from mlconvert_plugins.zipped.archive import Archive, Kind

if TYPE_CHECKING:
    from mlconvert_plugins.trees.model import Forest

# As java's Bundle has it. Leaves of zeros and ones fold well; a thousandfold is all that deflate can do, and a bomb.
KIND = Kind("jar that forest2jar writes", expansion=100, again="convert the model again")
_LARGEST = 2**31 - 1
_SMALL = 2**16
_CLASS_LIMIT = 2**20
_LOCAL = struct.Struct("<4s22xHH")


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
    with path.open("rb") as stream:
        if stream.read(2) != b"PK":
            return False
    try:
        with archive.opened(path, KIND) as jar:
            return contents.MODELS in jar
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
    from mlconvert_plugins.javajar import maven
    from mlconvert_plugins.javajar.relocation import java_version

    with archive.opened(path, KIND) as jar:
        name = _model_in(jar)
        package = _package_in(jar, name)
        classes = [member for member in jar.names if member.endswith(".class")]
        properties = maven.read(jar.names)
        return NativeJar(
            name,
            package,
            jar.read(contents.forest_at(name), _LARGEST),
            jar.read(contents.golden_at(name)) if contents.golden_at(name) in jar else b"",
            _manifest_of(jar),
            sum(map(jar.size, classes)),
            java_version(jar.head(classes[0], 8)) if classes else None,
            _coordinates(jar.read(properties, _SMALL)) if properties else None,
        )


def _model_in(jar: Archive) -> str:
    """The name of the only model."""
    if contents.MODELS not in jar:
        raise _bad(jar.path, "it holds no model of mlconvert's")
    names = jar.read(contents.MODELS, _SMALL).decode(errors="replace").split()
    if len(names) != 1:
        raise _bad(jar.path, f"it holds {len(names)} models, and can be opened with one")
    if not contents.is_model_name(names[0]) or contents.forest_at(names[0]) not in jar:
        raise _bad(jar.path, f"its model {names[0]} is not in it")
    return names[0]


def _package_in(jar: Archive, name: str) -> str | None:
    """Where the runtime is: in the package that the model is called by, or at home."""
    found = [package for package in (name, HOME) if f"{package.replace('.', '/')}/Model.class" in jar]
    return found[0] if found else None


def _manifest_of(jar: Archive) -> dict[str, str]:
    try:
        return manifest.read(jar.read(manifest.PATH, _SMALL)) if manifest.PATH in jar else {}
    except ValueError as error:
        raise _bad(jar.path, f"its manifest is none: {error}") from error


def _coordinates(properties: bytes) -> str:
    found = dict(line.split("=", 1) for line in properties.decode(errors="replace").splitlines() if "=" in line)
    return ":".join(found.get(key, "?") for key in ("groupId", "artifactId", "version"))


def _bad(path: Path, reason: str) -> ConversionError:
    message = f"{for_terminal(path.name)} cannot be opened: {for_terminal(reason)}"
    return ConversionError(message, code="bad-jar", where=path.name, fix="convert the model again")


# --- trust ---------------------------------------------------------------------------------------------


def stranger(path: Path) -> str | None:
    """Why running the jar could run somebody's code: what in it forest2jar would not have written; None for nothing."""
    with archive.opened(path, KIND) as jar:
        return next(_strangers(jar), None)


def _strangers(jar: Archive) -> Iterator[str]:
    if _holds_more(jar):
        yield "there are bytes in it that its table of contents does not list"
    name = _model_in(jar)
    package = _package_in(jar, name)
    ours = relocate(compiled.runtime_classes(), package) if package else {}
    allowed = {manifest.PATH, contents.LICENCE, contents.MODELS, contents.forest_at(name), contents.golden_at(name)}
    for member in jar.names:
        if member in ours:
            if jar.size(member) > _CLASS_LIMIT or jar.read(member) != ours[member]:
                yield f"its class {member} is not this installation's"
        elif member not in allowed and not re.fullmatch(r"META-INF/maven/[^/]+/[^/]+/pom\.(xml|properties)", member):
            yield f"it holds {member}"
    missing = ours.keys() - set(jar.names)
    if package and (missing or not ours):
        yield f"its classes are not those of this installation's runtime, {_version()}"
    for key, value in _manifest_of(jar).items():
        if not _is_plain(key, value, package):
            yield f"its manifest has {key}: {value}"


def _version() -> str:
    from mlconvert import __version__

    return __version__ if compiled.runtime_classes() else "which was never compiled"


def _is_plain(key: str, value: str, package: str | None) -> bool:
    """Whether an attribute of the manifest can make nothing else run."""
    if key in ("Manifest-Version", "Created-By", "Implementation-Version"):
        return True
    return contents.attributes(package).get(key) == value


def _holds_more(jar: Archive) -> bool:
    """Whether members, one behind the other without extra fields, are not all that comes before the table of contents.

    A JVM reads a jar by its table of contents, or from its beginning as a stream: both must see the same.
    """
    end = 0
    with jar.path.open("rb") as stream:
        for info in sorted(jar.infos, key=lambda info: info.header_offset):
            stream.seek(info.header_offset)
            head = stream.read(_LOCAL.size)
            if info.header_offset != end or len(head) < _LOCAL.size or info.flag_bits & 8:
                return True
            _, names, extra = _LOCAL.unpack(head)
            end = info.header_offset + _LOCAL.size + names + extra + info.compress_size
    return end != jar.table_at

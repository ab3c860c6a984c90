"""Whether anything in a jar but this installation's own runtime could run."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from mlconvert import __version__
from mlconvert_plugins.javajar import compiled, contents, manifest
from mlconvert_plugins.javajar.opening import KIND, SMALL, model_in, package_in
from mlconvert_plugins.javajar.relocation import relocate
from mlconvert_plugins.zipped import archive
from mlconvert_plugins.zipped.archive import Archive

_CLASS_LIMIT = 2**20
_DATA = re.compile(r"META-INF/maven/[^/]+/[^/]+/pom\.(xml|properties)")
# What a manifest may say that differs from version to version.
_TOLD = ("Manifest-Version", "Created-By", "Implementation-Version")
# APPNOTE.TXT: the header of a member (4.3.7) and the end of the table of contents (4.3.16).
_LOCAL = struct.Struct("<4s22xHH")
_END = struct.Struct("<4s6xHIIH")
_DESCRIPTOR = 8


def stranger(path: Path) -> str | None:
    """Why running the jar could run somebody's code: what in it forest2jar would not have written; None for nothing.

    Raises ConversionError (`bad-jar`, `broken-file`, `unsafe-archive`).
    """
    with archive.opened(path, KIND) as jar:
        return next(_strangers(jar), None)


def _strangers(jar: Archive) -> Iterator[str]:
    if _can_be_read_otherwise(jar):
        yield "there is more in it than its table of contents lists"
    name = model_in(jar)
    package = package_in(jar, name)
    ours = relocate(compiled.runtime_classes(), package) if package else {}
    if package and not ours.keys() <= set(jar.names):
        yield f"it does not hold the runtime of version {__version__}, which is installed here"
    if package and not ours:
        yield "this installation has no compiled runtime to hold its classes against"
    data = {manifest.PATH, contents.LICENCE, contents.MODELS, contents.forest_at(name), contents.golden_at(name)}
    for member in jar.names:
        if member in ours:
            if jar.size(member) > _CLASS_LIMIT or jar.read(member) != ours[member]:
                yield f"its class {member} is not this installation's"
        elif member not in data and not _DATA.fullmatch(member):
            yield f"it holds {member}"
    yield from _strange_attributes(jar, package)


def _strange_attributes(jar: Archive, package: str | None) -> Iterator[str]:
    """What the manifest says that could make something else run, or that two readers could read differently."""
    content = jar.read(manifest.PATH, SMALL) if manifest.PATH in jar else b""
    try:
        found = manifest.read(content)
        canonical = manifest.write(found) == content
    except ValueError:
        found, canonical = {}, False
    plain = contents.attributes(package)
    for key, value in found.items():
        if key not in _TOLD and plain.get(key) != value:
            yield f"its manifest has {key}: {value}"
    if not canonical:
        yield "its manifest is not written as forest2jar writes it"


def _can_be_read_otherwise(jar: Archive) -> bool:
    """Whether another reader could find other members: one that reads from the beginning, or by the end record alone.

    Forbids what forest2jar does not write: gaps, extra fields, sizes behind the data, ZIP64.
    """
    with jar.path.open("rb") as stream:
        held = stream.seek(0, io.SEEK_END)
        stream.seek(held - _END.size)
        _, count, size, offset, _ = _END.unpack(stream.read(_END.size))
        if (count, offset, offset + size) != (len(jar.infos), jar.table_at, held - _END.size):
            return True
        end = 0
        for info in sorted(jar.infos, key=lambda info: info.header_offset):
            if info.header_offset != end or info.flag_bits & _DESCRIPTOR or info.extra or info.comment:
                return True
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                return True
            stream.seek(end)
            head = stream.read(_LOCAL.size)
            if len(head) < _LOCAL.size:
                return True
            _, names, extra = _LOCAL.unpack(head)
            end += _LOCAL.size + names + extra + info.compress_size
    return end != jar.table_at

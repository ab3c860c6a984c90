"""Opening a jar of flavour jpmml that nobody vouches for: what is in it, as data alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mlconvert.signature import Signature
from mlconvert_plugins.javajar import maven
from mlconvert_plugins.javajar.opening import SMALL, bad, manifest_of
from mlconvert_plugins.javajar.relocation import java_version
from mlconvert_plugins.jpmmljar import contents
from mlconvert_plugins.zipped import archive
from mlconvert_plugins.zipped.archive import Archive, Kind

KIND = Kind("jar of JPMML's", expansion=100, again="convert the model again")
# Wide models have long lists of columns, and signed jars long manifests.
_SIGNATURE, _MANIFEST = 2**26, 2**22


@dataclass(frozen=True)
class JpmmlJar:
    """A jar's model. `signature` is None where the jar does not say; `classes` are the bytes of the model's own."""

    class_name: str
    signature: Signature | None
    attributes: dict[str, str]
    classes: int
    java_version: int | None
    has_evaluator: bool
    has_sources: bool
    coordinates: str | None


def read(path: Path) -> JpmmlJar:
    """The model in a jar. Raises ConversionError (`bad-jar`, `broken-file`, `unsafe-archive`)."""
    with archive.opened(path, KIND) as jar:
        name = _class_in(jar)
        stem = name.replace(".", "/")
        own = [member for member in jar.names if member == f"{stem}.class" or member.startswith(f"{stem}$")]
        properties = maven.read(jar.names)
        # It is as new as the newest of what runs first.
        sample = [member for member in (f"{stem}.class", contents.EVALUATOR) if member in jar]
        return JpmmlJar(
            name,
            _signature_in(jar, name),
            manifest_of(jar, _MANIFEST),
            sum(map(jar.size, own)),
            max((java_version(jar.head(member, 8)) for member in sample), default=None),
            contents.EVALUATOR in jar,
            f"{stem}.java" in jar,
            maven.told(jar.read(properties, SMALL)) if properties else None,
        )


def _class_in(jar: Archive) -> str:
    """The only model that the jar announces."""
    lines = jar.read(contents.SERVICE, SMALL).decode(errors="replace").splitlines() if contents.SERVICE in jar else []
    names = [name for line in lines if (name := line.partition("#")[0].strip())]
    if len(names) != 1:
        raise bad(jar.path, f"it announces {len(names)} models, and can be opened with one")
    if f"{names[0].replace('.', '/')}.class" not in jar:
        raise bad(jar.path, f"its model {names[0]} is not in it")
    return names[0]


def _signature_in(jar: Archive, class_name: str) -> Signature | None:
    place = contents.signature_at(class_name)
    if place not in jar:
        return None
    try:
        return Signature.from_json(json.loads(jar.read(place, _SIGNATURE)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise bad(jar.path, f"its signature is none: {type(error).__name__}: {error}") from error

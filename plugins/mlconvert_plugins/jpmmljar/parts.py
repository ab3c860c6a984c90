"""What a jar needs to score by itself: JPMML's evaluator and what it calls, from the jars of the PyPI packages."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from mlconvert_plugins.jpmml import jars

# By Maven's artifact, with its group. The evaluator also lists what no model asks for: fastcsv for its command line,
# Jackson's annotations, which do nothing where they are absent, and activation for attachments of XML.
_PARTS = {
    "pmml-evaluator": "org.jpmml",
    "pmml-model": "org.jpmml",
    "guava": "com.google.guava",
    "failureaccess": "com.google.guava",
    "commons-math3": "org.apache.commons",
    "jakarta.xml.bind-api": "jakarta.xml.bind",
}
_NAME = re.compile(r"(.+?)-(\d.*)\.jar")
_SERVICES = "META-INF/services/"
_LEGAL = re.compile(r"META-INF/(LICENSE|NOTICE)(\.txt|\.md)?")


@dataclass(frozen=True)
class Part:
    """A library that goes into a jar, by its Maven coordinates."""

    group: str
    artifact: str
    version: str
    path: Path

    @property
    def coordinates(self) -> str:
        """As Maven writes them."""
        return f"{self.group}:{self.artifact}:{self.version}"


def found() -> tuple[Part, ...]:
    """The parts, the evaluator first; none where JPMML is not installed."""
    named = {match[1]: (match[2], path) for path in jars.class_path() if (match := _NAME.fullmatch(path.name))}
    if not _PARTS.keys() <= named.keys():
        return ()
    return tuple(Part(group, artifact, *named[artifact]) for artifact, group in _PARTS.items())


def members(parts: tuple[Part, ...]) -> dict[str, bytes]:
    """Everything that runs in them, and what licenses it, in order; what two of them announce as services is merged.

    Left out are signatures, which would not fit, descriptions of modules, what other versions of Java would take
    instead, and what Maven and ProGuard read.
    """
    made: dict[str, bytes] = {}
    for part in parts:
        with zipfile.ZipFile(part.path) as jar:
            for info in jar.infolist():
                name = info.filename
                if name.startswith(_SERVICES) and not info.is_dir():
                    made[name] = made.get(name, b"") + _lines(jar.read(info))
                elif _LEGAL.fullmatch(name):
                    made[legal(part, name.rpartition("/")[2])] = jar.read(info)
                elif not (info.is_dir() or name.startswith("META-INF/") or name == "module-info.class"):
                    made.setdefault(name, jar.read(info))
    return made


def legal(part: Part, name: str) -> str:
    """Where a part's own licence or notice is in the jar."""
    return f"META-INF/licenses/{part.artifact}-{part.version}/{name}"


def _lines(content: bytes) -> bytes:
    return b"".join(line + b"\n" for line in content.splitlines() if line.strip())

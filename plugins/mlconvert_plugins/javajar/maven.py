"""Maven coordinates, and the two files by which Maven knows a jar."""

from __future__ import annotations

import re

from mlconvert import __version__

RUNTIME = f"mlconvert:mlconvert-runtime:{__version__}"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")

_POM = """\
<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
{coordinates}
{dependencies}</project>
"""
_DEPENDENCIES = """\
  <dependencies>
    <dependency>
{coordinates}
    </dependency>
  </dependencies>
"""


def coordinates(text: str) -> str:
    """`groupId:artifactId:version`, checked. Raises ValueError."""
    parts = text.split(":")
    if len(parts) != 3 or not all(map(_PART.fullmatch, parts)):
        raise ValueError(f"{text!r} is no groupId:artifactId:version, such as com.acme:churn:1.0.0")
    return text


def members(text: str, *, thin: bool, needs: str = RUNTIME) -> dict[str, bytes]:
    """`pom.xml` and `pom.properties` in their place. A thin jar depends on what it needs: the runtime."""
    group, artifact, version = text.split(":")
    folder = f"META-INF/maven/{group}/{artifact}"
    dependencies = _DEPENDENCIES.format(coordinates=_elements(needs, 6)) if thin else ""
    pom = _POM.format(coordinates=_elements(text, 2), dependencies=dependencies)
    properties = f"artifactId={artifact}\ngroupId={group}\nversion={version}\n"
    return {f"{folder}/pom.xml": pom.encode(), f"{folder}/pom.properties": properties.encode()}


def _elements(text: str, indent: int) -> str:
    """The coordinates as XML elements; their letters need no escape."""
    named = zip(("groupId", "artifactId", "version"), text.split(":"), strict=True)
    return "\n".join(f"{' ' * indent}<{name}>{value}</{name}>" for name, value in named)


def read(names: tuple[str, ...]) -> str | None:
    """The place of the only pom.properties among a jar's members."""
    found = [name for name in names if re.fullmatch(r"META-INF/maven/[^/]+/[^/]+/pom\.properties", name)]
    return found[0] if len(found) == 1 else None


def told(properties: bytes) -> str:
    """The coordinates in a pom.properties; what is missing is a question mark."""
    found = dict(line.split("=", 1) for line in properties.decode(errors="replace").splitlines() if "=" in line)
    return ":".join(found.get(key, "?") for key in ("groupId", "artifactId", "version"))

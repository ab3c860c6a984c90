"""A jar's MANIFEST.MF: its main section, written and read (JAR File Specification, "JAR Manifest")."""

from __future__ import annotations

from collections.abc import Mapping

PATH = "META-INF/MANIFEST.MF"
_WIDTH = 72


def write(attributes: Mapping[str, str]) -> bytes:
    """The manifest of these attributes, which are ASCII; a line takes 72 bytes at most, and goes on after a space."""
    lines = []
    for name, value in {"Manifest-Version": "1.0", **attributes}.items():
        line = f"{name}: {value}"
        while len(line) > _WIDTH - 2:
            lines.append(line[: _WIDTH - 2])
            line = " " + line[_WIDTH - 2 :]
        lines.append(line)
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


def read(content: bytes) -> dict[str, str]:
    """The attributes of every section, by name: what stands anywhere in it. Raises ValueError."""
    text = content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n").replace("\n ", "")
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, colon, value = line.partition(": ")
        if line and not colon:
            raise ValueError(f"{line!r} is no attribute")
        if line:
            found[name] = value
    return found

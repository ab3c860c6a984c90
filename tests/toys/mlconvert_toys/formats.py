"""The toy formats: a file, one with flavours, a folder, a file with a side file, and one that nothing runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError
from mlconvert.format import Format
from mlconvert.signature import Signature
from mlconvert_toys import line
from mlconvert_toys.line import Line


class Toy(Format):
    """What the toy formats share."""

    def signature(self, artifact: Artifact, *, trust: bool = False) -> Signature:
        return line.read(artifact).signature

    def describe(self, path: Path) -> dict[str, Any]:
        return {"features": len(line.read(Artifact(path, self.name)).weight)}


class Alpha(Toy):
    """A JSON file, or a live `Line`."""

    name = "alpha"
    suffix = ".alpha"

    def sniff(self, path: Path) -> Optional[str]:
        return _sniff_json(path, self.name)

    def executes(self, path: Path, flavour: Optional[str]) -> Optional[str]:
        code = json.loads(path.read_text())["quirks"].get("code")
        return f"it holds the code {code}" if code else None

    def adopt(self, obj: Any, out: Path) -> Optional[str]:
        if not isinstance(obj, Line):
            return None
        line.alpha(out, obj)
        return ""


class Beta(Toy):
    """A text file in two flavours."""

    name = "beta"
    suffix = ".beta"
    suffixes = {"hex": ".hex.beta"}

    def sniff(self, path: Path) -> Optional[str]:
        if not path.is_file():
            return None
        rows = path.read_bytes().split(b"\n")
        if rows[0] not in (b"beta", b"beta hex"):
            return None
        if b"end" not in rows:
            raise ConversionError(
                f"{path.name} is cut off after {len(rows)} lines",
                code="truncated",
                where=path.name,
                fix="fetch it again",
            )
        return "hex" if rows[0] == b"beta hex" else "text"


class Gamma(Toy):
    """A folder."""

    name = "gamma"
    suffix = ".gamma"
    is_directory = True

    def sniff(self, path: Path) -> Optional[str]:
        return "" if (path / "gamma.json").is_file() else None


class Delta(Toy):
    """A file with the numbers beside it."""

    name = "delta"
    suffix = ".delta"

    def sniff(self, path: Path) -> Optional[str]:
        return _sniff_json(path, self.name)

    def side_files(self, path: Path) -> tuple[Path, ...]:
        try:
            return (path.with_name(json.loads(path.read_text())["numbers"]),)
        except (ValueError, KeyError, TypeError) as error:
            raise ConversionError(f"{path.name} names no numbers", code="broken-toy", where=path.name) from error


class Omega(Toy):
    """A file without a runner."""

    name = "omega"
    suffix = ".omega"

    def sniff(self, path: Path) -> Optional[str]:
        return _sniff_json(path, self.name)


def _sniff_json(path: Path, name: str) -> Optional[str]:
    head = f'{{"toy": "{name}",'.encode()
    if not path.is_file():
        return None
    text = path.read_bytes()
    if not text.startswith(head):
        return None
    try:
        json.loads(text)
    except ValueError as error:
        raise ConversionError(f"{path.name} is broken: {error}", code="broken-toy", where=path.name) from error
    return ""

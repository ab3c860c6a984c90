"""What a matrix has found so far, one JSON line per case, so that a run goes on where the last one stopped."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil

import redraw
from mlconvert import cache, manifest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("torch", "timm", "onnx", "onnxruntime", "onnxscript", "tensorrt-rtx-cu13")


class Journal:
    """Rows by case. Those of another mlconvert, other libraries or another harness do not count.

    `harness` are the modules that make the rows.
    """

    def __init__(self, name: str, *harness: ModuleType, packages: Sequence[str] = PACKAGES) -> None:
        self.path = REPOSITORY / "proof" / f"{name}.jsonl"
        self.code = _code(harness, packages)
        self.rows: dict[str, dict[str, Any]] = {}
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                self._take(line)

    def _take(self, line: str) -> None:
        try:
            entry = json.loads(line)
        except ValueError:
            return  # a run was killed while it wrote this line
        if entry["code"] == self.code:
            self.rows[entry["case"]] = entry["row"]

    def row(self, case: str, find: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The row of a case: as it was found before, else as `find` finds it now."""
        if case not in self.rows:
            self.rows[case] = find()
            self.path.parent.mkdir(exist_ok=True)
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps({"case": case, "code": self.code, "row": self.rows[case]}) + "\n")
        return self.rows[case]


def _code(harness: Iterable[ModuleType], packages: Sequence[str]) -> str:
    """A digest of all that a row depends on."""
    parts = [cache.code_digest("mlconvert"), cache.code_digest("mlconvert_plugins"), manifest.versions(packages)]
    parts += [inspect.getsource(module) for module in (redraw, *harness)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def page(
    title: str,
    text: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    packages: Sequence[str] = PACKAGES,
) -> str:
    """A Markdown page: what the table shows, what it was made with and on, and the table."""
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {version}" for name, version in manifest.versions(packages).items())
    lines = [
        f"# {title}",
        "",
        text.strip(),
        "",
        f"Made by `make proof` with {versions}, Python {platform.python_version()}, on {os.cpu_count()} "
        f"{platform.machine()} cores with {memory:.0f} GiB and no GPU.",
        "",
        "| " + " | ".join(header) + " |",
        "|" + "---|" * len(header),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
    return "\n".join(lines) + "\n"

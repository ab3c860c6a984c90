"""Distributions of plugins made for one test: what an installer would leave in a folder of the path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

Points = Mapping[str, Mapping[str, str]]


def distribution(folder: Path, name: str, points: Points, **modules: str) -> Path:
    """Write a distribution into a folder: its entry points by group and name, its modules by name and text."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    sections = []
    for group, entries in points.items():
        sections += [f"[mlconvert.{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(sections) + "\n")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text)
    return folder

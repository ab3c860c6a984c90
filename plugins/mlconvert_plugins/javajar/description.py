"""What stands out about a native jar, for `inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlconvert_plugins.javajar import golden, opening
from mlconvert_plugins.trees import description, layout


def describe(path: Path) -> dict[str, Any]:
    """The model's name and Maven coordinates, the runtime that is in the jar, and what its forest is."""
    jar = opening.read(path)
    found: dict[str, Any] = {"model": jar.name}
    if jar.coordinates:
        found["maven"] = jar.coordinates
    if jar.package:
        found["runtime"] = jar.attributes.get("Implementation-Version", "unknown")
        found["package"] = jar.package
        found["java"] = f"{jar.java_version} or newer"
        found["class_bytes"] = jar.classes
    else:
        found["runtime"] = "none: it is a thin jar"
    found["golden_rows"] = golden.count(jar.golden)
    found["forest_bytes"] = len(jar.forest)
    return {**found, **description.describe(layout.unpack(jar.forest))}

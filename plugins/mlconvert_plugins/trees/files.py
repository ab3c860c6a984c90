"""Where forests are: in files of their own, and in jars."""

from __future__ import annotations

from pathlib import Path

from mlconvert_plugins.trees.model import Forest


def forest_in(path: Path) -> Forest:
    """The forest of a .forest file or of a jar. Raises ConversionError for a broken one."""
    from mlconvert_plugins.javajar import opening
    from mlconvert_plugins.trees import layout

    return opening.forest_of(path) if opening.is_native(path) else layout.read(path)

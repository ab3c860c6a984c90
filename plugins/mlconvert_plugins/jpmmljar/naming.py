"""What the class of a model is called: it stands for the document, and its name for the file."""

from __future__ import annotations

import re

from mlconvert_plugins.javajar import relocation

CLASS = "Model"
_LONGEST = 100


def class_name(stem: str, package: str | None) -> str:
    """The full name of the class: in the package that the user names, else in one that is called after the file."""
    return f"{package or package_of(stem)}.{CLASS}"


def package_of(stem: str) -> str:
    """A file's stem as a package's name, of one part."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", stem[:_LONGEST]).lower().strip("_") or "model"
    if name[0].isdigit():
        name = f"_{name}"
    try:
        return relocation.package(name)
    except ValueError:  # a word of Java's own
        return f"{name}_"

"""Where a conversion starts: a file whose format is read from its content, or a live object that a format adopts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlconvert import registry
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, UsageError
from mlconvert.format import Format
from mlconvert.text import for_terminal, suggestion


def load_format(name: str) -> Format:
    """The format of that name. Raises UsageError when there is none."""
    try:
        loaded: Format = registry.load(registry.FORMATS, name)
    except KeyError:
        known = registry.names(registry.FORMATS)
        raise UsageError(
            f"there is no format {for_terminal(name)!r}" + suggestion(name, known),
            code="unknown-format",
            fix=f"formats are: {', '.join(known)}",
        ) from None
    return loaded


def detect(path: Path) -> tuple[Format, str]:
    """The format and flavour of a file, by its content. Raises ConversionError."""
    if not path.exists():
        raise ConversionError(f"there is no file {for_terminal(path)}", code="no-such-file", where=path.name)
    broken: ConversionError | None = None
    for name in registry.names(registry.FORMATS):
        try:
            fmt = load_format(name)
            flavour = fmt.sniff(path)
        except ConversionError as error:
            # What is wrong with the file says more than what is wrong with a plugin.
            if broken is None or broken.code == "broken-plugin":
                broken = error
            continue
        if flavour is not None:
            return fmt, flavour
    if broken is not None:
        raise broken
    raise ConversionError(
        f"{for_terminal(path.name)} is no model that mlconvert knows",
        code="not-a-model",
        where=path.name,
        fix=f"known formats are: {', '.join(registry.names(registry.FORMATS))}",
    )


def open_path(path: Path, origin: str | None = None, model: str | None = None) -> Artifact:
    """A file as an artifact, its flavour read from its content. Raises ConversionError."""
    if origin is None:
        fmt, flavour = detect(path)
        return Artifact(path, fmt.name, flavour or None, model=model)
    fmt = load_format(origin)
    if not path.exists():
        raise ConversionError(f"there is no file {for_terminal(path)}", code="no-such-file", where=path.name)
    found = fmt.sniff(path)
    if found is None:
        other, _ = detect(path)
        raise ConversionError(
            f"{for_terminal(path.name)} is no {origin} file, it is {other.name}",
            code="wrong-format",
            where=path.name,
            fix=f"use a word that starts with {other.name}2, or `mlconvert convert`",
        )
    return Artifact(path, origin, found or None, model=model)


def admit(artifact: Artifact, trust: bool) -> None:
    """Refuse a file that can execute code, unless the user vouches for it. Raises ConversionError."""
    reason = load_format(artifact.format).executes(artifact.path, artifact.flavour)
    if reason and not trust:
        raise ConversionError(
            f"{for_terminal(artifact.path.name)} can execute code when it is opened: {for_terminal(reason)}",
            code="needs-trust",
            where=artifact.path.name,
            fix="add --trust if you know where the file comes from",
        )


def adopt(obj: Any, folder: Path, origin: str | None = None) -> Artifact:
    """Write a live object into a folder, in the format that takes it. Raises ConversionError when none does."""
    names = [origin] if origin else registry.names(registry.FORMATS)
    for name in names:
        fmt = load_format(name)
        path = folder / f"model{fmt.suffix}"
        flavour = fmt.adopt(obj, path)
        if flavour is not None:
            return Artifact(path, name, flavour or None)
    raise ConversionError(
        f"mlconvert cannot take a {type(obj).__module__}.{type(obj).__qualname__}",
        code="unknown-object",
        fix=f"give a path, or a live model of: {', '.join(names)}",
    )

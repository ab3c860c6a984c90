"""Whether this interpreter has what a stage declares: its Python and its packages."""

from __future__ import annotations

import importlib.metadata
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from mlconvert.errors import ConversionError, Refusal
from mlconvert.host import Host
from mlconvert.sources import load_format
from mlconvert.stage import Stage


def unavailable(stage: Stage, options: Any, host: Host) -> Iterator[Refusal]:
    """What keeps a stage from running here: its Python, its packages, and what it says itself."""
    if not SpecifierSet(stage.python, prereleases=True).contains(host.python):
        yield Refusal("wrong-python", f"{stage.name} needs Python {stage.python}; this is {host.python}", stage.name)
    try:
        yield from missing(stage.name, needed(stage))
    except ConversionError as error:  # its format is unknown or broken
        yield Refusal(error.code, error.message, stage.name, error.fix)
        return
    for refusal in stage.available(options, host):
        yield replace(refusal, where=refusal.where or stage.name)


def needed(stage: Stage) -> tuple[str, ...]:
    """The requirements of a stage and of the format that it reads, each once."""
    return tuple(dict.fromkeys((*stage.requirements, *load_format(stage.source).requirements)))


def missing(name: str, requirements: Iterable[str]) -> Iterator[Refusal]:
    """The refusal for a plugin whose packages are not all installed."""
    absent = [text for text in requirements if not satisfied(text)]
    if absent:
        fix = "pip install " + " ".join(shlex.quote(text) for text in absent)
        yield Refusal("missing-package", f"{name} needs {', '.join(absent)}", name, fix)


def satisfied(text: str) -> bool:
    """Whether an installed distribution meets a requirement; one whose marker does not apply here is met."""
    requirement = Requirement(text)
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)

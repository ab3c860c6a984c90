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

_ISOLATE = "--isolate, which runs the stage in an environment of its own"


def unavailable(stage: Stage, options: Any, host: Host) -> Iterator[Refusal]:
    """What keeps a stage from running here: its Python, its packages, and what it says itself."""
    if not _fits(stage, host):
        message = f"{stage.name} needs Python {stage.python}; this is {host.python}"
        yield Refusal("wrong-python", message, stage.name, f"add {_ISOLATE}")
    try:
        for refusal in missing(stage.name, needed(stage)):
            yield replace(refusal, fix=f"{refusal.fix}, or add {_ISOLATE}") if foreign(stage, host) else refusal
    except ConversionError as error:  # its format is unknown or broken
        yield Refusal(error.code, error.message, stage.name, error.fix)
        return
    for refusal in stage.available(options, host):
        yield replace(refusal, where=refusal.where or stage.name)


def foreign(stage: Stage, host: Host) -> bool:
    """Whether a stage needs another environment than this one. Its source's format has to be at home here in any case.

    Raises UsageError for a stage whose format is unknown.
    """
    at_home = not _unmet(load_format(stage.source).requirements)
    return at_home and (not _fits(stage, host) or bool(_unmet(stage.requirements)))


def _fits(stage: Stage, host: Host) -> bool:
    return SpecifierSet(stage.python, prereleases=True).contains(host.python)


def _unmet(requirements: Iterable[str]) -> list[str]:
    return [text for text in requirements if not satisfied(text)]


def needed(stage: Stage) -> tuple[str, ...]:
    """The requirements of a stage and, where it does not say that its own are all, of the format that it reads."""
    read = () if stage.self_contained else load_format(stage.source).requirements
    return tuple(dict.fromkeys((*stage.requirements, *read)))


def missing(name: str, requirements: Iterable[str]) -> Iterator[Refusal]:
    """The refusal for a plugin whose packages are not all installed."""
    absent = _unmet(requirements)
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

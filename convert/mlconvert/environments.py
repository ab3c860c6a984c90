"""Environments of stages: where this interpreter does not hold what a stage declares, one is made that does.

An environment is kept, by what was asked for, and shared between processes. Nothing is installed unless the user has
allowed it, by `--isolate` or MLCONVERT_ISOLATE=1.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from mlconvert.errors import ConversionError
from mlconvert.requirements import needed
from mlconvert.stage import Stage
from mlconvert.text import for_terminal
from mlconvert.worker import Worker

Say = Callable[[str], None]

_READY = "environment.json"
_SECONDS = 3600
_LIST = (
    "import importlib.metadata, json; "
    "print(json.dumps({d.metadata['Name']: d.version for d in importlib.metadata.distributions()}))"
)


@dataclass(frozen=True)
class Environment:
    """Another interpreter, and the versions of the distributions in it by their canonical names."""

    python: str
    installed: Mapping[str, str]

    def versions(self, requirements: Iterable[str]) -> dict[str, str]:
        """The versions of what a stage declares."""
        names = [Requirement(text).name for text in requirements]
        return {name: found for name in names if (found := self.installed.get(canonicalize_name(name)))}


def allowed(asked: bool) -> bool:
    """Whether environments may be made."""
    return asked or os.environ.get("MLCONVERT_ISOLATE") == "1"


def made_for(stage: Stage, root: Path, say: Say) -> Environment:
    """The environment with what a stage and its source declare, made in `root` where it is not there yet.

    Raises ConversionError (`environment-failed`), with the installer's last word.
    """
    requirements = sorted(needed(stage))
    folder = root / _key(requirements, stage.python)
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(folder.with_suffix(".lock")):
        found = _read(folder)
        if found is None:
            say(f"making an environment for {stage.name}: {', '.join(requirements)}")
            shutil.rmtree(folder, ignore_errors=True)
            found = _make(stage, folder, requirements)
        return found


def _key(requirements: list[str], python: str) -> str:
    asked = [requirements, python, platform.python_version_tuple()[:2], platform.system(), platform.machine()]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:20]


def _read(folder: Path) -> Environment | None:
    """An environment that was made whole; None for any other."""
    try:
        entry = json.loads((folder / _READY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    python = _interpreter(folder)
    return Environment(python, entry) if Path(python).exists() else None


def _make(stage: Stage, folder: Path, requirements: list[str]) -> Environment:
    uv = _uv()
    own = SpecifierSet(stage.python, prereleases=True).contains(platform.python_version())
    if not uv and not own:
        raise ConversionError(
            f"{stage.name} needs Python {stage.python}, and uv, which can fetch it, is not installed",
            code="environment-failed",
            where=stage.name,
            fix="pip install uv",
        )
    python = _interpreter(folder)
    if uv:
        _run(
            stage, [uv, "venv", "--quiet", "--no-project", "--python", sys.executable if own else stage.python, folder]
        )
        _run(stage, [uv, "pip", "install", "--quiet", "--python", python, *requirements])
    else:
        _run(stage, [sys.executable, "-m", "venv", folder])
        pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
        _run(stage, [*pip, *requirements])
    listed = json.loads(_run(stage, [python, "-c", _LIST]))
    installed = {str(canonicalize_name(name)): version for name, version in sorted(listed.items())}
    (folder / _READY).write_text(json.dumps(installed), encoding="utf-8")
    return Environment(python, installed)


def _interpreter(folder: Path) -> str:
    return str(folder / "bin" / "python")


def _uv() -> str | None:
    """uv on PATH, else the one that is installed with this interpreter's packages."""
    return shutil.which("uv") or shutil.which("uv", path=sysconfig.get_path("scripts"))


def _run(stage: Stage, command: list[Any]) -> str:
    try:
        done = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, timeout=_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        # uv draws a tree around what it says, and breaks its lines.
        said = " ".join(re.sub(r"[^\x20-\x7e]", " ", error.stderr or error.stdout).split())
        reason = said or f"{Path(command[0]).name} ended with {error.returncode}"
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    else:
        return done.stdout
    raise ConversionError(
        f"the environment of {stage.name} cannot be made: {for_terminal(reason, 400)}",
        code="environment-failed",
        where=stage.name,
        fix="check that the package index can be reached, or install into this environment what the stage needs",
    )


@contextlib.contextmanager
def entered(stage: Stage, reference: str, root: Path, *, memory: int, say: Say) -> Iterator[tuple[Worker, Environment]]:
    """A worker in the environment of a stage, whose plugin is `reference`: `package.module:Class`."""
    environment = made_for(stage, root, say)
    with _bridge(reference) as path, Worker(python=environment.python, path=path, memory=memory) as worker:
        yield worker, environment


@contextlib.contextmanager
def _bridge(reference: str) -> Iterator[list[str]]:
    """A path that brings the contract and a plugin's package into another interpreter, and nothing else of this one."""
    with tempfile.TemporaryDirectory(prefix="mlconvert-") as folder:
        for package in ("mlconvert", reference.partition(":")[0].partition(".")[0]):
            spec = importlib.util.find_spec(package)
            assert spec is not None, package
            places = spec.submodule_search_locations
            source = Path(next(iter(places)) if places else str(spec.origin)).absolute()
            with contextlib.suppress(FileExistsError):
                Path(folder, source.name).symlink_to(source)
        yield [folder]

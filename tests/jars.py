"""Small jars, sound and hostile."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm_models
from lightgbm_models import Case
from mlconvert.artifact import Artifact
from mlconvert.stage import Context
from mlconvert_plugins.forest2jar import Forest2Jar, JarOptions
from mlconvert_plugins.javajar import packing
from mlconvert_plugins.lightgbmtext import forest, sections
from mlconvert_plugins.trees import layout
from mlconvert_plugins.trees.model import Forest

Members = dict[str, bytes]


def forest_of(case: Case) -> Forest:
    return forest.read(sections.split(lightgbm_models.train(case).model_to_string().encode()))


def make(made: Forest, out: Path, **options: Any) -> Path:
    """The jar of a forest, without the frame around it."""
    path = out.with_suffix(".forest")
    layout.write(made, path)
    Forest2Jar().convert(Artifact(path, "forest"), JarOptions(**options), out, Context(out.parent, out.parent))
    return out


def members(jar: Path) -> Members:
    with zipfile.ZipFile(jar) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(jar: Path, out: Path, change: Callable[[Members], None]) -> Path:
    """A copy of a jar, packed as forest2jar packs, after `change` has had its members."""
    held = members(jar)
    change(held)
    out.write_bytes(packing.pack(held))
    return out


def java(*arguments: str | Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """What the `java` on PATH says."""
    command = [shutil.which("java") or "java", "-XX:TieredStopAtLevel=1", *map(str, arguments)]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)


def forest_of_jar(jar: Path, out: Path) -> Path:
    """The .forest that is in a jar."""
    held = members(jar)
    (name,) = (name for name in held if name.endswith("/model.forest"))
    out.write_bytes(held[name])
    return out

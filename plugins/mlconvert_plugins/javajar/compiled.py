"""The compiled Java of this installation: the runtime that goes into jars, the driver that runs them, and JPMML's."""

from __future__ import annotations

import functools
import zipfile
from pathlib import Path

from mlconvert.errors import Refusal
from mlconvert_plugins.javajar import compiling
from mlconvert_plugins.javajar.compiling import COMPILED, DIGEST

RUNTIME, DRIVER, JPMML = (COMPILED / f"{module}.jar" for module in compiling.MODULES)
_COMPILE = "python -m mlconvert_plugins.javajar.compiling"


def absent(jar: Path) -> Refusal | None:
    """Why `jar`, which is RUNTIME, DRIVER or JPMML, is not to be had here; None where it is, of today's sources."""
    module = jar.stem
    java = compiling.checkout()
    if not jar.is_file():
        said = compiling.reason_of(module)
        why = said.read_text(encoding="utf-8").strip() if said.is_file() else "its Java was never compiled"
        message = f"this installation of mlconvert has no compiled Java {module}: when it was made, {why}"
        again = _COMPILE if java else "pip install --force-reinstall --no-binary mlconvert mlconvert"
        return Refusal(
            "no-runtime", message, fix=f"install a JDK (apt-get install default-jdk-headless), then: {again}"
        )
    if java is not None and compiling.attributes(jar).get(DIGEST) != compiling.digest(java, module):
        message = f"the sources in java/{module} have changed since they were compiled"
        return Refusal("stale-runtime", message, fix=f"compile them again: {_COMPILE}")
    return None


@functools.cache
def _classes(path: Path, time: int) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as jar:
        return {name: jar.read(name) for name in jar.namelist() if name.endswith(".class")}


def runtime_classes() -> dict[str, bytes]:
    """The runtime's classes by their paths; none where it is absent."""
    if not RUNTIME.is_file():
        return {}
    return dict(_classes(RUNTIME, RUNTIME.stat().st_mtime_ns))

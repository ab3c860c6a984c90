"""The jars of JPMML, which two packages on PyPI carry, and which no code here imports.

`python -m mlconvert_plugins.jpmml.jars CLASSPATH.jar` writes a jar that names them all, and prints the property by
which java/jpmml's Maven module finds it.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

from mlconvert.errors import Refusal

INSTALL = "pip install 'mlconvert[pmml]'"
# Of two jars of one artifact the first is taken: pmml-converter in sklearn2pmml is the newer one, and what is compiled
# against it does not run with the other. Distribution, package, folder.
_HOMES = (
    ("sklearn2pmml", "sklearn2pmml", "resources"),
    ("jpmml-evaluator", "jpmml_evaluator", "dependencies"),
)
# What would tell JPMML's makers about each use is not even on the class path.
_LEFT_OUT = ("telemetry-client",)
_JAR = re.compile(r"(.+?)-\d.*\.jar")


def class_path() -> tuple[Path, ...]:
    """The jars in the order of the class path; none where a package is missing."""
    folders = [_folder(package, within) for _, package, within in _HOMES]
    found: dict[str, Path] = {}
    for folder in folders:
        if folder is None:
            return ()
        for jar in sorted(folder.glob("*.jar")):
            match = _JAR.fullmatch(jar.name)
            found.setdefault(match[1] if match else jar.stem, jar)
    return tuple(jar for artifact, jar in found.items() if artifact not in _LEFT_OUT)


def missing() -> str | None:
    """The packages that are not installed, in words; None where all are."""
    names = [name for name, package, within in _HOMES if _folder(package, within) is None]
    return f"{' and '.join(names)} {'are' if len(names) > 1 else 'is'} not installed" if names else None


def absent() -> Refusal | None:
    """Why JPMML cannot be run here, as far as jars go; None where it can."""
    from mlconvert_plugins.javajar import compiled

    why = missing()
    if why is not None:
        return Refusal("no-jpmml", f"JPMML's jars are not here: {why}", fix=INSTALL)
    return compiled.absent(compiled.JPMML)


def _folder(package: str, within: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    for home in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(home, within)
        if any(folder.glob("*.jar")):
            return folder
    return None


def main() -> int:
    """Write the jar to the path that is given, and print mvn's property; without JPMML's jars print nothing."""
    from mlconvert_plugins.javajar import manifest
    from mlconvert_plugins.javajar.packing import pack

    found, out = class_path(), Path(sys.argv[1]).absolute()
    if found:
        urls = " ".join(jar.as_uri() for jar in found)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(pack({manifest.PATH: manifest.write({"Class-Path": urls})}))
        sys.stdout.write(f"-Djpmml.jars={out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

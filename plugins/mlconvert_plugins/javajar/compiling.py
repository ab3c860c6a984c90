"""Compiles java/ into the jars that travel with this package: the runtime, the driver, and what runs JPMML.

The build hook runs it when a wheel or an editable install is made, and `make` when a source has changed:
`python -m mlconvert_plugins.javajar.compiling`. It needs a checkout or an sdist, a JDK, and the standard library.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from mlconvert import __version__
from mlconvert_plugins.javajar import manifest
from mlconvert_plugins.javajar.packing import pack
from mlconvert_plugins.javajar.relocation import HOME
from mlconvert_plugins.jpmml import jars

MODULES = ("runtime", "driver", "jpmml")
COMPILED = Path(__file__).with_name("compiled")
DIGEST = "Sources-SHA-256"
LEAST_JAVA = 11
_MAKERS = ("compiling.py", "manifest.py", "packing.py")
_FLAGS = ("-proc:none", "-g:none", "-XDstringConcat=inline", "-encoding", "UTF-8", "--release", str(LEAST_JAVA))


class NoJdkError(Exception):
    """No JDK that can compile is on this machine."""


class NoJpmmlError(Exception):
    """The jars of JPMML, which one module is compiled against, are not installed with this interpreter."""


def reason_of(module: str) -> Path:
    """The file that says why a module is not compiled, where it is not."""
    return COMPILED / f"{module}.absent.txt"


def checkout() -> Path | None:
    """The folder java/ that this package was installed from, where it still stands beside it."""
    java = Path(__file__).parents[3] / "java"
    return java if (java / "pom.xml").is_file() else None


def sources(java: Path, module: str) -> list[Path]:
    """A module's source files, in order."""
    return sorted((java / module / "src" / "main" / "java").rglob("*.java"))


def digest(java: Path, module: str) -> str:
    """The digest of all that a compiled jar is made of: a module's sources, our version, the code that compiles."""
    whole = hashlib.sha256(__version__.encode())
    for name in _MAKERS:
        whole.update(Path(__file__).with_name(name).read_bytes())
    for path in sources(java, module):
        whole.update(path.relative_to(java).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


def javac() -> str:
    """The compiler of JAVA_HOME, else of PATH, that is new enough. Raises NoJdkError."""
    reasons = []
    for compiler in _compilers():
        try:
            run = subprocess.run([compiler, "-version"], capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.SubprocessError):
            continue
        match = re.search(r"javac (?:1\.)?(\d+)", run.stdout + run.stderr)
        if match and int(match[1]) >= LEAST_JAVA:
            return compiler
        if match:
            reasons.append(f"the JDK is version {match[1]}, and {LEAST_JAVA} is the oldest that will do")
    raise NoJdkError(reasons[0] if reasons else "there was no JDK, neither in JAVA_HOME nor on PATH")


def _compilers() -> Iterator[str]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield str(Path(home, "bin", "javac"))
    found = shutil.which("javac")
    if found:
        yield found


def compile_all(java: Path) -> None:
    """Bring the compiled jars up to date.

    Raises NoJdkError or NoJpmmlError where one cannot be made; it is not there afterwards, and `reason_of` it says why.
    """
    COMPILED.mkdir(exist_ok=True)
    failed: Exception | None = None
    for module in MODULES:
        if _digest_in(module) == digest(java, module):
            continue
        try:
            _compile(javac(), java, module, class_path(module))
        except (NoJdkError, NoJpmmlError) as error:
            (COMPILED / f"{module}.jar").unlink(missing_ok=True)
            reason_of(module).write_text(f"{error}\n", encoding="utf-8")
            failed = error
        else:
            reason_of(module).unlink(missing_ok=True)
    if failed is not None:
        raise failed


def class_path(module: str) -> tuple[Path, ...]:
    """What a module is compiled against. Raises NoJpmmlError where it is not installed."""
    if module != "jpmml":
        return ()
    found = jars.class_path()
    if not found:
        raise NoJpmmlError(f"{jars.missing()} where it would have been compiled")
    return found


def _digest_in(module: str) -> str | None:
    path = COMPILED / f"{module}.jar"
    return attributes(path).get(DIGEST) if path.is_file() else None


def attributes(path: Path) -> dict[str, str]:
    """The manifest of one of these jars."""
    with zipfile.ZipFile(path) as jar:
        return manifest.read(jar.read(manifest.PATH))


def _compile(compiler: str, java: Path, module: str, against: tuple[Path, ...]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        files = [str(path) for path in sources(java, module)]
        path = ["-cp", os.pathsep.join(map(str, against))] if against else []
        subprocess.run([compiler, *_FLAGS, *path, "-d", folder, *files], check=True)
        classes = {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*.class"))}
        entries = {
            "Automatic-Module-Name": f"mlconvert.{module}",
            "Implementation-Title": f"mlconvert-{module}",
            "Implementation-Version": __version__,
            **({"Main-Class": f"{HOME}.Main"} if module == "runtime" else {}),
            DIGEST: digest(java, module),
        }
        licence = {"META-INF/LICENSE": (java.parent / "LICENSE").read_bytes()}
        made = out / f"{module}.jar"
        made.write_bytes(pack({manifest.PATH: manifest.write(entries), **licence, **classes}))
        place = COMPILED / f"{module}.jar"
        shutil.copyfile(made, place.with_suffix(".new"))
        place.with_suffix(".new").replace(place)


def main() -> int:
    """Compile, and say so; without a JDK say what will not work, which is no failure."""
    java = checkout()
    if java is None:
        sys.stderr.write("there is no java/ beside this package: it was not installed from a checkout\n")
        return 1
    try:
        compile_all(java)
    except NoJdkError as error:
        sys.stderr.write(f"java/ is not compiled, so that stages which need it will be refused: {error}\n")
    except NoJpmmlError as error:
        sys.stderr.write(f"java/jpmml is not compiled, so that stages which run JPMML will be refused: {error}\n")
    except subprocess.CalledProcessError as error:  # javac has said why
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())

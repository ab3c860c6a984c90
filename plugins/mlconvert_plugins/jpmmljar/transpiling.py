"""A document as classes: translated by JPMML, compiled by the JDK, in the JVM of the route."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, Refusal
from mlconvert.runner import DeviceAbsentError
from mlconvert.stage import Context
from mlconvert.text import for_terminal
from mlconvert_plugins.javajar import jvm
from mlconvert_plugins.jpmmljar.contents import SERVICE

_JDK = "install a JDK (apt-get install default-jdk-headless), or set JAVA_HOME to one"
_SMALLER = "take the native jar, which has no such limits (--via forest), or train a model of fewer columns or trees"
_DIGITS = 16


@dataclass(frozen=True)
class Transpiled:
    """Classes and resources by their places in a jar, the sources that they were compiled from, and facts."""

    classes: dict[str, bytes]
    sources: dict[str, bytes]
    facts: Mapping[str, Any]


def no_jdk() -> Refusal | None:
    """Why the Java here cannot compile, where it cannot."""
    try:
        java = Path(jvm.java())
    except DeviceAbsentError as error:
        return Refusal("no-jdk", error.message, "java", _JDK)
    if (java.resolve().parent / "javac").exists():
        return None
    return Refusal("no-jdk", "the Java here is a runtime without a compiler", str(java), _JDK)


def transpile(artifact: Artifact, class_name: str, memory: int, ctx: Context) -> Transpiled:
    """The classes of a document, which hold golden rows. Raises ConversionError.

    `too-large` and `javac-failed` from the compiler, `jpmml-refused` from the translator, or what becomes of the JVM.
    """
    from mlconvert_plugins.jpmml import session

    document = _with_rows(artifact, memory, ctx)
    out = ctx.scratch / "transpiled"
    for name in ("classes", "sources"):
        (out / name).mkdir(parents=True)
    with document.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()[:_DIGITS]
    ctx.progress("translating to Java and compiling")
    place, into = str(document.absolute()), str(out.absolute())
    try:
        told = session.session(memory).ask("transpile", document=place, digest=digest, type=class_name, out=into)
    except ConversionError as error:
        raise _explained(error, artifact.path) from error
    facts = {"java": told["java"]}
    if told["interpreted"]:
        facts["interpreted"] = for_terminal(told["interpreted"])
        ctx.warn(f"the model is no code, the evaluator goes through its elements: {facts['interpreted']}")
    classes = {name: content for name, content in _files(out / "classes").items() if name != SERVICE}
    return Transpiled(classes, _files(out / "sources"), facts)


def _with_rows(artifact: Artifact, memory: int, ctx: Context) -> Path:
    """The document, or a copy of it with golden rows where it has none."""
    from mlconvert_plugins.jpmmljar import golden
    from mlconvert_plugins.pmmlfile import finishing, outline

    if outline.read(artifact.path).verification_rows:
        return artifact.path
    ctx.progress("scoring golden rows")
    rows = golden.rows(artifact, memory, ctx)
    copy = ctx.scratch / "document.pmml"
    shutil.copyfile(artifact.path, copy)
    finishing.finish(copy, artifact.signature, rows, ctx.scratch)
    return copy


def _files(folder: Path) -> dict[str, bytes]:
    """The files below a folder by their paths, in order."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: found[name].read_bytes() for name in sorted(found)}


def _explained(error: ConversionError, document: Path) -> ConversionError:
    """The compiler's or the translator's reason, with what to do about it."""
    known = {
        "too-large": ("Java has no room for the model's code", _SMALLER),
        "javac-failed": ("javac refuses what JPMML's translator has written", "take the native jar (--via forest)"),
        "jpmml-refused": ("JPMML's translator cannot translate it", "take the native jar (--via forest)"),
        "no-jdk": ("", _JDK),
    }
    if error.code not in known:
        return error
    why, fix = known[error.code]
    message = f"{why}: {error.message}" if why else error.message
    return ConversionError(message, code=error.code, where=error.where or document.name, fix=fix)

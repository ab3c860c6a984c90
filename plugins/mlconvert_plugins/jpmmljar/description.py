"""What stands out about a jar of flavour jpmml: for `inspect` and `doctor`, without running anything of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlconvert.signature import Signature
from mlconvert_plugins.jpmmljar import contents, opening
from mlconvert_plugins.jpmmljar.opening import JpmmlJar

_EVALUATOR = "org.jpmml:pmml-evaluator"


def describe(path: Path) -> dict[str, Any]:
    """The model's class and Maven coordinates, what is in the jar and what has to stand beside it."""
    jar = opening.read(path)
    found: dict[str, Any] = {"class": jar.class_name}
    if jar.coordinates:
        found["maven"] = jar.coordinates
    found["evaluator"] = "in it" if jar.has_evaluator else f"none: it needs {_needs(jar)}"
    if jar.java_version is not None:
        found["java"] = f"{jar.java_version} or newer"
    found["class_bytes"] = jar.classes
    found["sources"] = jar.has_sources
    # Whoever made it, its classes are JPMML's work and made to run with JPMML's.
    found["licence"] = jar.attributes.get("Bundle-License", "not stated; JPMML's evaluator is under AGPL-3.0")
    return found


def loads(path: Path) -> str:
    """What loads the jar, in words."""
    jar = opening.read(path)
    beside = "" if jar.has_evaluator else f", with {_needs(jar)} and what it depends on beside it on the class path"
    return f"Java {jar.java_version} or newer loads it{beside}"


def signature(path: Path, trust: bool) -> Signature:
    """What the jar carries; else, with a word of trust, what its model says once it is loaded; else nothing."""
    told = opening.read(path).signature
    if told is not None or not trust:
        return told or Signature()
    from mlconvert_plugins.jpmmljar.running import scored

    with scored(path) as scorer:
        return scorer.signature


def _needs(jar: JpmmlJar) -> str:
    return jar.attributes.get(contents.NEEDS, _EVALUATOR)

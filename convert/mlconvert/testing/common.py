"""What the checks of formats and stages share."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from mlconvert.errors import InternalError
from mlconvert.format import Format
from mlconvert.worker import Worker

# What a call of one hook may take.
SECONDS = 600


def expect(condition: object, message: str) -> None:
    """Raise AssertionError with the message unless the condition holds."""
    if not condition:
        raise AssertionError(message)


def expect_json(value: Any, what: str) -> None:
    """Expect JSON values; `what` begins the sentence that says so."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{what}, and they are JSON values: {error}") from error


def check_requirements(requirements: Iterable[str]) -> None:
    """Expect requirement strings as pip reads them."""
    for text in requirements:
        try:
            Requirement(text)
        except InvalidRequirement as error:
            raise AssertionError(f"requirements are written as for pip, unlike {text!r}: {error}") from error


_LOADED = """
import importlib, json, pathlib, sys
sys.path[:], module, name, sample = json.loads(sys.argv[1])
import mlconvert.worker
before = set(sys.modules)
kind = getattr(importlib.import_module(module), name)
if sample:
    kind().executes(pathlib.Path(sample), kind().sniff(pathlib.Path(sample)) or None)
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def check_light(kind: type, sample: Path | None = None) -> None:
    """Importing the plugin, and sniffing, load its own package, mlconvert's lowest layer and the standard library."""
    words = json.dumps([[entry for entry in sys.path if entry], kind.__module__, kind.__name__, str(sample or "")])
    done = subprocess.run([sys.executable, "-c", _LOADED, words], capture_output=True, text=True, check=False)
    expect(done.returncode == 0, f"{kind.__module__} cannot be imported by itself:\n{done.stderr}")
    packages = {module.partition(".")[0] for module in json.loads(done.stdout.splitlines()[-1])}
    heavy = packages - sys.stdlib_module_names - {"mlconvert", kind.__module__.partition(".")[0]}
    doing = f"importing {kind.__module__}" + (" and sniffing" if sample else "")
    expect(not heavy, f"{doing} loads {', '.join(sorted(heavy))}: import it inside the function that needs it")


def ask(worker: Worker, fmt: Format, hook: str, **arguments: Any) -> Any:
    """A hook's answer. Raises ConversionError; anything else that a hook raises is an AssertionError."""
    reference = f"{type(fmt).__module__}:{type(fmt).__qualname__}"
    with no_defect(f"{fmt.name}'s {hook}"):
        return worker.call("mlconvert.hooks:format", reference=reference, hook=hook, **arguments)


@contextlib.contextmanager
def no_defect(what: str) -> Iterator[None]:
    """Turn a defect of a hook into an AssertionError that says how to mend it."""
    try:
        yield
    except InternalError as error:
        raise AssertionError(
            f"{what} raises {error.message}; say what is wrong with the model in a ConversionError, raised from it\n"
            f"{error.trace}"
        ) from error

"""Plugins that the user brings: shared libraries and Python files that register TensorRT plugins when loaded."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from mlconvert.errors import ConversionError, Refusal
from mlconvert_plugins.tensorrt.library import Library
from mlconvert_plugins.tensorrt.messages import clean, messages_of
from mlconvert_plugins.tensorrt.passport import Plugin

LIBRARIES = (".so", ".dll")
_LOADED: set[tuple[str, str]] = set()


def refusals(paths: Iterable[Path]) -> Iterator[Refusal]:
    """What is wrong with the files that `--plugin` names, as far as it shows without loading them."""
    for path in paths:
        if not path.is_file():
            yield Refusal("no-such-file", f"there is no plugin file {path.name}", where="plugin")
        elif path.suffix not in (*LIBRARIES, ".py"):
            kinds = "a shared library (.so, .dll) or a Python file (.py)"
            yield Refusal("bad-plugin", f"the plugin {path.name} is neither", where="plugin", fix=f"give {kinds}")


def untrusted(paths: Iterable[Path]) -> Iterator[Refusal]:
    """The refusal of plugins that nobody has vouched for: loading one runs its code."""
    names = ", ".join(path.name for path in paths)
    if names:
        fix = "add --trust if you know where it comes from"
        yield Refusal("needs-trust", f"a plugin is code that runs here: {names}", where="plugin", fix=fix)


def register(library: Library, paths: Iterable[Path]) -> tuple[Plugin, ...]:
    """Load the plugins into TensorRT's registry, each once in this process, and say which they are.

    Raises ConversionError for one that does not load.
    """
    return tuple(_register(library, path) for path in paths)


def _register(library: Library, path: Path) -> Plugin:
    plugin = Plugin(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    key = (library.flavour, plugin.sha256)
    if key not in _LOADED:
        load = _load_library if path.suffix in LIBRARIES else _load_python
        load(library, path, plugin.sha256)
        _LOADED.add(key)
    return plugin


def _load_library(library: Library, path: Path, digest: str) -> None:
    messages = messages_of(library)
    before = len(messages.errors)
    if library.load().get_plugin_registry().load_library(str(path.resolve())) is None:
        said = messages.errors[before:]
        raise _refused(path, clean(said[0]) if said else "its plugins are registered already, or it has none")


def _load_python(library: Library, path: Path, digest: str) -> None:
    name = f"_mlconvert_plugin_{digest[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise _refused(path, "Python cannot import it")
    messages_of(library)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # the user's code may raise anything
        del sys.modules[name]
        raise _refused(path, f"{type(error).__name__}: {error}") from error


def _refused(path: Path, reason: str) -> ConversionError:
    return ConversionError(f"the plugin {path.name} does not load: {reason}", code="bad-plugin", where="plugin")

"""The functions that the frame calls in a worker: one hook of one stage or format, by reference.

A reference is an entry point's value, `package.module:Class`.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import Any

from mlconvert.stage import Context
from mlconvert.worker import emit


@functools.cache
def load(reference: str) -> Any:
    """The plugin that a reference names, made once in this process."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)()


def stage(reference: str, hook: str, options: Mapping[str, Any], context: Mapping[str, Any], **arguments: Any) -> Any:
    """Call `available`, `requires`, `convert`, `ensures` or `localise` of a stage."""
    plugin = load(reference)
    if hook != "available":
        arguments["ctx"] = Context(**context, emit=emit)
    if hook in ("available", "requires", "convert"):
        arguments["options"] = plugin.Options(**options)
    answer = getattr(plugin, hook)(**arguments)
    return answer if hook in ("convert", "localise") else tuple(answer)


def format(reference: str, hook: str, **arguments: Any) -> Any:
    """Call `signature`, `side_files` or `describe` of a format."""
    return getattr(load(reference), hook)(**arguments)

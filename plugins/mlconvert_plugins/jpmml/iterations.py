"""The part of a boosted model that a document was made of: kept in its header, as extensions of ours."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAMES = ("start_iteration", "num_iteration")
_EXTENDER = "mlconvert"


def of(path: Path) -> Mapping[str, Any]:
    """The iterations, as the settings of a runner; empty for all of them. Raises ConversionError where it is broken."""
    from mlconvert_plugins.pmmlfile.parsing import Listener, parse

    found: dict[str, Any] = {}

    class _Header(Listener):
        def start(self, name: str, attributes: dict[str, str]) -> None:
            if name == "DataDictionary":
                raise _ReadError
            own = name == "Extension" and attributes.get("extender") == _EXTENDER
            if own and attributes.get("name") in NAMES and attributes.get("value", "").isdecimal():
                found[attributes["name"]] = int(attributes["value"])

    with contextlib.suppress(_ReadError):
        parse(path, _Header())
    return found


class _ReadError(Exception):
    """The header has been read; what follows is not wanted."""

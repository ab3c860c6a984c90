"""Jars as bytes: the same members always give the same file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

# The first moment that a zip can hold.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644 << 16
_UNIX = 3


def pack(members: Mapping[str, bytes]) -> bytes:
    """A jar of these members, in their order."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as jar:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, _MODE, _UNIX
            jar.writestr(info, content)
    return stream.getvalue()

"""The runtime's classes in another package: their constant pools rewritten, nothing else of them touched."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping

HOME = "mlconvert.runtime"

# Java's keywords and literals (JLS 11, 3.9 and 3.10), which no part of a package's name can be.
_KEYWORD = re.compile(
    r"abstract|assert|boolean|break|byte|case|catch|char|class|const|continue|default|do|double|"
    r"else|enum|extends|false|final|finally|float|for|goto|if|implements|import|instanceof|int|"
    r"interface|long|native|new|null|package|private|protected|public|return|short|static|strictfp|"
    r"super|switch|synchronized|this|throw|throws|transient|true|try|void|volatile|while|_"
)
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_LONGEST = 200

# Tags of the constant pool and the bytes after them (JVM Specification 11, 4.4); longs and doubles take two places.
_UTF8 = 1
_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
_WIDE = (5, 6)
_POOL = 10


def package(text: str) -> str:
    """A package's name, checked: ASCII, so that it is the same in a class file, a path and a URL. Raises ValueError."""
    parts = text.split(".")
    if not all(_NAME.fullmatch(part) and not _KEYWORD.fullmatch(part) for part in parts) or len(text) > _LONGEST:
        raise ValueError(f"{text!r} is no Java package, such as com.acme.churn")
    if parts[0] == "java":
        raise ValueError("no JVM loads packages below java from a jar")
    return text


def relocate(classes: Mapping[str, bytes], target: str) -> dict[str, bytes]:
    """Classes by their paths in a jar, moved from the runtime's own package to `target`."""
    if target == HOME:
        return dict(classes)
    folder = target.replace(".", "/")
    return {
        name.replace(HOME.replace(".", "/"), folder, 1): _rewritten(content, target)
        for name, content in classes.items()
    }


def _rewritten(content: bytes, target: str) -> bytes:
    """A class file whose Utf8 constants name `target`, with slashes or dots, where they named the runtime's package."""
    (count,) = struct.unpack_from(">H", content, _POOL - 2)
    parts = [content[:_POOL]]
    at, number = _POOL, 1
    while number < count:
        tag = content[at]
        if tag == _UTF8:
            (length,) = struct.unpack_from(">H", content, at + 1)
            text = _moved(content[at + 3 : at + 3 + length], target)
            parts.append(struct.pack(">BH", tag, len(text)) + text)
            at += 3 + length
        else:
            parts.append(content[at : at + 1 + _SIZES[tag]])
            at += 1 + _SIZES[tag]
        number += 2 if tag in _WIDE else 1
    return b"".join((*parts, content[at:]))


def _moved(text: bytes, target: str) -> bytes:
    for dot in (".", "/"):
        text = text.replace(HOME.replace(".", dot).encode() + dot.encode(), (target + ".").replace(".", dot).encode())
    return text


def java_version(content: bytes) -> int:
    """The oldest Java that loads a class file: its major version less 44."""
    major: int = struct.unpack_from(">H", content, 6)[0]
    return major - 44

"""Universal Binary JSON as XGBoost writes it: https://ubjson.org, draft 12, with typed arrays in big-endian order."""

from __future__ import annotations

import struct
from typing import Any

from mlconvert_plugins.xgboostfile.errors import BrokenModelError

_NUMBERS = {b"i": "b", b"U": "B", b"I": "h", b"l": "i", b"L": "q", b"d": "f", b"D": "d"}
_CONSTANTS = {b"T": True, b"F": False, b"Z": None}
_DEEPEST = 32


def loads(content: bytes) -> Any:
    """The value of a whole file; arrays of numbers are numpy arrays. Raises BrokenModelError."""
    reader = _Reader(content)
    try:
        value = reader.value(reader.take(1), 0)
    except (struct.error, UnicodeDecodeError) as error:
        raise BrokenModelError(f"it is no UBJSON: {error}", f"byte {reader.at}") from error
    if reader.at != len(content):
        raise BrokenModelError("something follows the model", f"byte {reader.at}")
    return value


class _Reader:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def take(self, size: int) -> bytes:
        end = self.at + size
        if size < 0 or end > len(self.content):
            raise BrokenModelError("it ends too early", f"byte {self.at}")
        found = self.content[self.at : end]
        self.at = end
        return found

    def value(self, kind: bytes, depth: int) -> Any:
        if depth > _DEEPEST:
            raise BrokenModelError("it is nested too deep", f"byte {self.at}")
        if kind in _NUMBERS:
            return self._number(kind)
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        if kind == b"S":
            return self._text()
        if kind == b"{":
            return self._object(depth)
        if kind == b"[":
            return self._array(depth)
        raise BrokenModelError(f"{kind!r} begins no value", f"byte {self.at}")

    def _number(self, kind: bytes) -> Any:
        form = f">{_NUMBERS[kind]}"
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def _length(self) -> int:
        kind = self.take(1)
        length = self._number(kind) if kind in b"iUIlL" else -1
        if not 0 <= length <= len(self.content):
            raise BrokenModelError(f"{length} is no length", f"byte {self.at}")
        return int(length)

    def _text(self) -> str:
        return self.take(self._length()).decode()

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.content[self.at : self.at + 1] != b"}":
            name = self._text()
            if name in found:
                raise BrokenModelError(f"{name!r} stands there twice", f"byte {self.at}")
            found[name] = self.value(self.take(1), depth + 1)
        self.at += 1
        return found

    def _array(self, depth: int) -> Any:
        kind = self.take(2)[1:] if self._next(b"$") else b""
        if self._next(b"#"):
            self.at += 1
            length = self._length()
            if kind:
                return self._numbers(kind, length)
            return [self.value(self.take(1), depth + 1) for _ in range(length)]
        if kind:
            raise BrokenModelError("an array has a type and no length", f"byte {self.at}")
        found = []
        while not self._next(b"]"):
            found.append(self.value(self.take(1), depth + 1))
        self.at += 1
        return found

    def _next(self, marker: bytes) -> bool:
        return self.content[self.at : self.at + 1] == marker

    def _numbers(self, kind: bytes, length: int) -> Any:
        import numpy as np

        if kind not in _NUMBERS:
            raise BrokenModelError(f"an array of {kind!r}", f"byte {self.at}")
        dtype = np.dtype(f">{_NUMBERS[kind]}")
        return np.frombuffer(self.take(length * dtype.itemsize), dtype=dtype)

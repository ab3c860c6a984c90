"""Numbers of a document as Java reads them, and their neighbours on the line of their type."""

from __future__ import annotations

import math
import re
import struct
from decimal import Decimal

from mlconvert_plugins.pmmlfile.errors import BrokenDocumentError

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_MOST_FLOAT32 = (2 - 2**-23) * 2.0**127


def double(text: str | None, where: str) -> float:
    """A finite number, as `Double.parseDouble` reads it. Raises BrokenDocumentError."""
    found = float(text) if text is not None and _NUMBER.fullmatch(text.strip()) else math.nan
    if not math.isfinite(found):
        raise BrokenDocumentError(f"{text!r} is no finite number", where)
    return found


def single(text: str | None, where: str) -> float:
    """A finite float32, as `Float.parseFloat` reads it: rounded once, from the decimal. Raises BrokenDocumentError."""
    found = double(text, where)
    near = to_single(found)
    if abs(near) > _MOST_FLOAT32:
        raise BrokenDocumentError(f"{text!r} is beyond float32", where)
    # Rounded twice, it may have gone the wrong way from a tie that the decimal is beside.
    other = after_single(near) if found > near else before_single(near)
    if found != near and abs(found - near) == abs(found - other):
        exact, tie = Decimal(text.strip()) if text else Decimal(0), Decimal(found)
        if exact != tie:
            return max(near, other) if exact > tie else min(near, other)
    return near


def to_single(value: float) -> float:
    """The nearest float32, infinite beyond its range."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def before(value: float) -> float:
    """The next lower float64."""
    return math.nextafter(value, -math.inf)


def before_single(value: float) -> float:
    """The next lower float32 of a float32."""
    return _stepped(value, -1)


def after_single(value: float) -> float:
    """The next higher float32 of a float32."""
    return _stepped(value, 1)


def _stepped(value: float, way: int) -> float:
    """The neighbour among float32 values: their bits, as integers, stand in the order of their sizes."""
    if value == 0:
        return way * 2.0**-149
    if math.isinf(value):
        return value if (value > 0) == (way > 0) else math.copysign(_MOST_FLOAT32, value)
    (bits,) = struct.unpack("<i", struct.pack("<f", value))
    return float(struct.unpack("<f", struct.pack("<i", bits + (way if value > 0 else -way)))[0])


def widest(value: float) -> float:
    """The highest float64 that rounds to a float32 of at most `value`: what compares alike without the rounding."""
    if math.isinf(value):
        return value
    above = after_single(value)
    # Beyond the last one stands what would be the next, and a tie with it is infinite.
    middle = value + 2.0**103 if math.isinf(above) else value + (above - value) / 2
    return middle if to_single(middle) <= value else before(middle)

"""Numbers as LightGBM writes them, read strictly: what is accepted here, LightGBM reads as the same number."""

from __future__ import annotations

import math
import re

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal

_INTEGER = b"0123456789-"
_FLOAT = b"0123456789-+.e"
_PLAIN = re.compile(r"(\d{1,15})(?:\.(\d{1,15}))?(?:e([+-]\d{1,3}))?")


class BrokenModelError(ConversionError):
    """The text is no model that LightGBM writes, or says something that is not known here."""

    def __init__(self, message: str, where: str, code: str = "bad-lightgbm") -> None:
        super().__init__(
            for_terminal(message, 300),
            code=code,
            where=where,
            fix="save it again with Booster.save_model; a file that was cut or edited cannot be trusted",
        )


def integers(text: bytes, count: int, where: str) -> list[int]:
    """`count` integers of at most 32 bits."""
    tokens = _tokens(text, _INTEGER, count, where)
    try:
        values = list(map(int, tokens))
    except ValueError:
        raise BrokenModelError("a number is not an integer", where) from None
    if values and (min(values) < -(2**31) or max(values) >= 2**32):
        raise BrokenModelError("an integer is beyond 32 bits", where)
    return values


def integer(text: bytes, where: str, least: int = 0) -> int:
    """One integer of at least `least`."""
    value = integers(text, 1, where)[0]
    if value < least:
        raise BrokenModelError(f"{value} is less than {least}", where)
    return value


def floats(text: bytes, count: int, where: str, *, infinite: bool = False) -> list[float]:
    """`count` floats, each the nearest float64, and finite but for an `inf` where `infinite` allows it."""
    tokens = _tokens(text, _FLOAT + (b"inf" if infinite else b""), count, where)
    try:
        values = list(map(float, tokens))
    except ValueError:
        raise BrokenModelError("a number cannot be read", where) from None
    if not all(map(math.isfinite, values)) and not (infinite and _written(tokens, values)):
        raise BrokenModelError("a number is infinite", where)
    return values


def _written(tokens: list[bytes], values: list[float]) -> bool:
    """Whether every infinity stands there as such, and is not a number too large."""
    return all(
        map(math.isfinite, (value for value, token in zip(values, tokens, strict=True) if token.strip(b"-") != b"inf"))
    )


def ignored(text: bytes, count: int, where: str) -> None:
    """Hold numbers that no score depends on to LightGBM's form all the same: it ends the process over others."""
    tokens = _tokens(text, _FLOAT + b"infa", count, where)
    if b"n" in text or b"f" in text or b"a" in text or b"i" in text:
        tokens = [token for token in tokens if token.strip(b"-") not in (b"inf", b"nan")]
    try:
        list(map(float, tokens))
    except ValueError:
        raise BrokenModelError("a number cannot be read", where) from None


def _tokens(text: bytes, alphabet: bytes, count: int, where: str) -> list[bytes]:
    if text.translate(None, alphabet + b" "):
        raise BrokenModelError("something stands there that is no number", where)
    tokens = text.split()
    if len(tokens) != count:
        raise BrokenModelError(f"{len(tokens)} numbers stand there, not {count}", where)
    return tokens


def parameter(text: str, where: str) -> float:
    """A parameter of an objective. LightGBM reads it with an `Atof` of its own (`utils/common.h`), whose result is not
    always the nearest float64: integer and fraction are read apart, then added, then scaled.
    """
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise BrokenModelError(f"{text} is no number that LightGBM writes", where)
    whole, fraction, exponent = match.groups()
    value = float(whole)
    if fraction:
        value += float(fraction) / 10.0 ** len(fraction)
    power = int(exponent or 0)
    return value * 10.0**power if power >= 0 else value / 10.0**-power

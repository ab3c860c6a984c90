"""Numbers with their units, as people write them. What is null in a document, because it is not finite, is `∞` here."""

from __future__ import annotations

import math

_NONE = "–"


def size(count: float | None) -> str:
    """A number of bytes: `4.1 MiB`."""
    if count is None:
        return _NONE
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def duration(seconds: float | None) -> str:
    """A time in the unit that leaves one to three digits before the point: `12.3 µs`."""
    if seconds is None:
        return _NONE
    for factor, unit in ((1e9, "ns"), (1e6, "µs"), (1e3, "ms")):
        # What rounds to 1000 of a unit is 1.00 of the next.
        if abs(seconds) * factor < 999.5:
            return f"{_digits(seconds * factor)} {unit}"
    return f"{_digits(seconds)} s"


def rate(per_second: float | None) -> str:
    """Rows per second: `12,300/s`."""
    return _NONE if per_second is None else f"{_digits(per_second)}/s"


def ratio(value: float | None) -> str:
    """A time over another: `0.972×`."""
    if value is None:
        return _NONE
    return f"{value:.3f}×" if 0.1 <= value < 10 else f"{_digits(value)}×"


def interval(low: float, high: float) -> str:
    """The ends of a ratio's interval: `0.964 to 0.981`."""
    return " to ".join(ratio(value).rstrip("×") for value in (low, high))


def share(value: float | None) -> str:
    """A part of a whole: `93.1%`. Nothing but the whole is written `100%`."""
    if value is None:
        return _NONE
    if 0 < 1 - value < 0.0005:
        return "> 99.9%"
    return "100%" if value == 1 else f"{value:.1%}"


def error(value: float | None) -> str:
    """The size of an error: `1.14e-5`."""
    if value is None or math.isinf(value):
        return "∞"
    return f"{value:.3g}" if value == 0 or abs(value) >= 1e-3 else _power(value, 2)


def cosine(value: float | None) -> str:
    """A cosine, by its distance from 1 where it is near: `1 − 5.4e-12`."""
    if value is None:
        return _NONE
    apart = 1 - value
    return "1" if apart == 0 else f"1 − {_power(apart, 1)}" if 0 < apart < 1e-3 else f"{value:.4f}"


def _power(value: float, digits: int) -> str:
    """`1.14e-5`, without the zeros that fill up."""
    whole, _, power = f"{value:.{digits}e}".partition("e")
    return f"{whole.rstrip('0').rstrip('.')}e{int(power)}"


def excess(value: float | None) -> str:
    """An error in units of what is allowed: in percent, or so many times of it."""
    if value is None or math.isinf(value):
        return "∞"
    return f"{value:.1%}" if value <= 1 else f"{_digits(value)}×"


def count(value: float | None) -> str:
    """A number of things: `12,300`."""
    if value is None:
        return _NONE
    return f"{value:,}" if value < 1e9 else _power(value, 2)


def _digits(value: float) -> str:
    """Three significant digits, in powers of ten where they would be lost among zeros."""
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e9:
        return _power(value, 2)
    # What rounds up to the next power of ten has a digit more before its point.
    shown = float(f"{value:.2e}")
    before = math.floor(math.log10(abs(shown))) + 1
    return f"{shown:,.{max(3 - before, 0)}f}"

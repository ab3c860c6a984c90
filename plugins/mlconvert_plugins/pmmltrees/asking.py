"""What a predicate asks of its column: where on the line of numbers, or of which category codes, it is true."""

from __future__ import annotations

import math
from collections.abc import Callable

from mlconvert_plugins.pmmltrees import numbers
from mlconvert_plugins.pmmltrees.columns import Own, unsupported
from mlconvert_plugins.pmmltrees.model import Members, Simple
from mlconvert_plugins.pmmltrees.partitions import Codes, Line, Partition, any_of, combined

# As XML Schema writes it, and as Java does.
_INFINITY = ("INF", "Infinity")


def asked(own: Own, data_type: str, predicate: Simple | Members) -> Partition:
    """The predicate on valid values; `data_type` is the one in which it sees the field. Raises ConversionError."""
    return _on_line(own, data_type, predicate) if own.codes is None else _on_codes(own, predicate)


def _on_line(own: Own, data_type: str, predicate: Simple | Members) -> Line:
    scale = scale_of(own, data_type)
    if isinstance(predicate, Members):
        points = [scale(text) for text in predicate.values]
        isin = combined(any_of, [equal(point) for point in points]) if points else Line((math.inf,), (False,), None)
        assert isinstance(isin, Line)
        return isin if predicate.inside else _negated(isin)
    if predicate.value is None:
        missing = predicate.operator == "isMissing"
        return Line((math.inf,), (not missing,), missing)
    below, upto = scale(predicate.value)
    lines = {
        "lessThan": (below, True),
        "lessOrEqual": (upto, True),
        "greaterThan": (upto, False),
        "greaterOrEqual": (below, False),
    }
    if predicate.operator in lines:
        end, truth = lines[predicate.operator]
        return _line((end, truth), (math.inf, not truth))
    same = equal((below, upto))
    return same if predicate.operator == "equal" else _negated(same)


def equal(point: tuple[float, float]) -> Line:
    """Where a number is the constant of that scale."""
    return _line((point[0], False), (point[1], True), (math.inf, False))


def _line(*pieces: tuple[float, bool]) -> Line:
    """Pieces by their ends; nothing is beyond infinity."""
    kept = [piece for piece, before in zip(pieces, ((0.0, False), *pieces), strict=False) if before[0] != math.inf]
    return Line(tuple(end for end, _ in kept), tuple(truth for _, truth in kept), None)


def _negated(line: Line) -> Line:
    return Line(line.ends, tuple(not value for value in line.values), None)


def scale_of(own: Own, data_type: str) -> Callable[[str], tuple[float, float]]:
    """From a constant's text to the highest value of the column that is below it, and the highest that is not above."""
    where, column_type = own.where, own.data.data_type

    def double(text: str) -> tuple[float, float]:
        value = math.inf if text in _INFINITY else numbers.double(text, where)
        return _within(numbers.before(value), where), value

    def integer(text: str) -> tuple[float, float]:
        if not numbers.double(text, where).is_integer():
            raise unsupported(f"a field of integers is compared with {text}", where)
        return double(text)

    def single(text: str) -> tuple[float, float]:
        value = math.inf if text in _INFINITY else numbers.single(text, where)
        return _within(numbers.before_single(value), where), value

    def rounded(text: str) -> tuple[float, float]:
        below, upto = single(text)
        return numbers.widest(below), numbers.widest(upto)

    scales = {
        ("double", "double"): double,
        ("float", "float"): single,
        ("double", "float"): rounded,
        ("integer", "integer"): integer,
    }
    found = scales.get((column_type, data_type))
    if found is None:
        raise unsupported(f"a field of the type {column_type!r} is seen as {data_type!r}", where)
    return found


def _within(value: float, where: str) -> float:
    if math.isinf(value):
        raise unsupported("it is compared with the lowest number that there is", where)
    return value


def _on_codes(own: Own, predicate: Simple | Members) -> Codes:
    if isinstance(predicate, Members):
        inside = predicate.inside
        return Codes({own.code(text): inside for text in predicate.values}, not inside, None)
    if predicate.value is None:
        missing = predicate.operator == "isMissing"
        return Codes({}, not missing, missing)
    if predicate.operator not in ("equal", "notEqual"):
        raise unsupported(f"{predicate.operator} of categories", own.where)
    same = predicate.operator == "equal"
    return Codes({own.code(predicate.value): same}, not same, None)

"""`--range x=0:255`: between which values those of an input are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from mlconvert.errors import UsageError
from mlconvert.signature import Signature, Tensor
from mlconvert.text import for_terminal, suggestion


def with_ranges(signature: Signature, words: Iterable[str]) -> Signature:
    """The signature with the ranges that the words give to its inputs, both ends included.

    Raises UsageError (`bad-range`) for words that cannot be read, name no input, or hold values that it does not take.
    """
    ranges = dict(map(parse_range, words))
    known = {tensor.name: tensor for tensor in signature.inputs}
    for name, bounds in ranges.items():
        if name not in known:
            raise _unknown(name, signature)
        _check(known[name], *bounds)
    return replace(signature, inputs=tuple(replace(t, range=ranges.get(t.name, t.range)) for t in signature.inputs))


def parse_range(word: str) -> tuple[str, tuple[float, float]]:
    """Read `name=low:high`. Raises UsageError (`bad-range`)."""
    name, equals, bounds = word.rpartition("=")
    low, colon, high = bounds.partition(":")
    try:
        found = (float(low), float(high))
    except ValueError:
        found = (math.nan, math.nan)
    if not (equals and colon and name) or not all(map(math.isfinite, found)):
        raise _refused(f"{for_terminal(word)!r} is no range", word)
    if found[0] > found[1]:
        raise _refused(f"the range {for_terminal(word)!r} is empty: {low} is above {high}", word)
    return name.strip(), found


def _unknown(name: str, signature: Signature) -> UsageError:
    if any(column.name == name for column in signature.columns):
        return UsageError(
            f"{for_terminal(name)!r} is a column, and rows are drawn from the model's own thresholds and categories",
            code="bad-range",
            where=name,
            fix="give rows of your own with --data",
        )
    names = [tensor.name for tensor in signature.inputs]
    message = f"the model has no input {for_terminal(name)!r}{suggestion(name, names)}"
    listed = for_terminal(", ".join(names)) or "none"
    return UsageError(message, code="bad-range", where=name, fix=f"its inputs are: {listed}")


def _check(tensor: Tensor, low: float, high: float) -> None:
    """The ends are values of the tensor's dtype."""
    if tensor.dtype in ("bool", "string"):
        raise _refused(f"the input {tensor.name!r} is {tensor.dtype}, which has no range", tensor.name)
    if "int" not in tensor.dtype:
        return
    for end in (low, high):
        if not end.is_integer() or not _holds(tensor.dtype, int(end)):
            raise _refused(f"the input {tensor.name!r} is {tensor.dtype}, and {end:g} is none", tensor.name)


def _holds(dtype: str, value: int) -> bool:
    """Whether an integer type takes the value."""
    bits = int(dtype.rpartition("int")[2])
    low = 0 if dtype.startswith("u") else -(1 << (bits - 1))
    return low <= value < low + (1 << bits)


def _refused(message: str, where: str) -> UsageError:
    return UsageError(message, code="bad-range", where=where, fix="write it like --range x=0:255")

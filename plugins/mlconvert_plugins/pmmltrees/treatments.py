"""Missing and invalid values: what the mining field says becomes of them, before any predicate sees them."""

from __future__ import annotations

import math

from mlconvert_plugins.pmmlfile.dictionary import Interval
from mlconvert_plugins.pmmltrees import numbers
from mlconvert_plugins.pmmltrees.asking import equal, scale_of
from mlconvert_plugins.pmmltrees.columns import Own, unsupported
from mlconvert_plugins.pmmltrees.partitions import Codes, Line, Partition, combined


def treated(own: Own, raw: Partition) -> Partition:
    """The predicate on values as they arrive: invalid ones and those that stand for a missing one are replaced first.

    From the specification's "MiningSchema", and JPMML's `InputFieldUtil`.
    """
    replacement = own.schema.get("missingValueReplacement")
    if own.schema.get("missingValueTreatment") == "returnInvalid":
        raise unsupported("missingValueTreatment 'returnInvalid'", own.where)
    if replacement is not None:
        raw = raw.with_missing(_at(own, raw, replacement))
    missing = _is_any(own, raw, own.data.missing)
    if missing is not None:
        raw = combined(lambda is_missing, truth: raw.missing if is_missing else truth, [missing, raw])
    instead = _instead_of_invalid(own, raw)
    invalid = _is_invalid(own, raw) if instead is not None else None
    if invalid is None or instead is None:
        return raw
    return combined(lambda is_invalid, truth: instead[0] if is_invalid else truth, [invalid, raw])


def _at(own: Own, raw: Partition, text: str) -> bool | None:
    """What a predicate says of a constant."""
    if isinstance(raw, Codes):
        known: bool | None = raw.at(own.code(text))
        return known
    value = numbers.single(text, own.where) if own.data.data_type == "float" else numbers.double(text, own.where)
    truth: bool | None = raw.at(value)
    return truth


def _instead_of_invalid(own: Own, raw: Partition) -> tuple[bool | None] | None:
    """What the predicate says of an invalid value; None where it is taken as it is, or has no answer anyway."""
    treatment = own.schema.get("invalidValueTreatment")
    if treatment == "asMissing":
        return (raw.missing,)
    if treatment == "asValue":
        return (_at(own, raw, own.schema.get("invalidValueReplacement", "")),)
    return None


def _is_invalid(own: Own, raw: Partition) -> Partition | None:
    """Where a value is invalid: outside the valid values or intervals, or called so; None where none is."""
    data = own.data
    called = _is_any(own, raw, data.invalid)
    if data.values:
        valid = _is_any(own, raw, data.values)
        assert valid is not None
        outside: Partition | None = combined(lambda is_valid: not is_valid, [valid])
    elif data.intervals and isinstance(raw, Line):
        outside = combined(lambda *within: not any(within), [_interval(own, one) for one in data.intervals])
    else:
        outside = None
    found = [part for part in (called, outside) if part is not None]
    made = combined(lambda *truths: any(truths), found) if found else None
    return None if made is None else made.with_missing(False)


def _is_any(own: Own, raw: Partition, texts: tuple[str, ...]) -> Partition | None:
    """Where a value is one of the texts."""
    if not texts:
        return None
    if isinstance(raw, Codes):
        return Codes({own.code(text): True for text in texts}, False, False)
    scale = scale_of(own, own.data.data_type)
    return combined(lambda *truths: any(truths), [equal(scale(text)).with_missing(False) for text in texts])


def _interval(own: Own, interval: Interval) -> Line:
    scale = scale_of(own, own.data.data_type)
    line = Line((math.inf,), (True,), False)
    parts = [line]
    if not math.isinf(interval.left):
        below, upto = scale(repr(interval.left))
        parts.append(Line((below if interval.closed_left else upto, math.inf), (False, True), False))
    if not math.isinf(interval.right):
        below, upto = scale(repr(interval.right))
        parts.append(Line((upto if interval.closed_right else below, math.inf), (True, False), False))
    made = combined(lambda *truths: all(truths), parts)
    assert isinstance(made, Line)
    return made

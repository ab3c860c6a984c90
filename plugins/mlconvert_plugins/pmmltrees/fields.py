"""Fields as predicates see them: the column behind each, its type, what becomes of missing and invalid values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mlconvert.errors import ConversionError
from mlconvert.signature import Column
from mlconvert.text import for_terminal
from mlconvert_plugins.pmmlfile.dictionary import DataField, Interval
from mlconvert_plugins.pmmlfile.errors import BrokenDocumentError
from mlconvert_plugins.pmmlfile.texts import category, text_of
from mlconvert_plugins.pmmltrees import numbers
from mlconvert_plugins.pmmltrees.model import Derived, Members, Model, Predicate, Simple
from mlconvert_plugins.pmmltrees.partitions import (
    Choice,
    Codes,
    Line,
    Partition,
    Span,
    State,
    any_of,
    combined,
)

_NUMERIC = ("double", "float", "integer")
TARGETS = ("target", "predicted")
TREATMENTS = ("missingValueReplacement", "missingValueTreatment", "invalidValueTreatment", "invalidValueReplacement")
_MOST_CODES = 2**24
# As XML Schema writes it, and as Java does.
_INFINITY = ("INF", "Infinity")


def unsupported(message: str, where: str) -> ConversionError:
    """What PMML can say and a forest cannot, or what is not known here."""
    return ConversionError(
        for_terminal(message, 300), code="unsupported-pmml", where=for_terminal(where, 200),
        fix="convert with JPMML instead: pmml2jar takes any document that it can evaluate",
    )  # fmt: skip


@dataclass(frozen=True)
class Own:
    """A field of the dictionary as the model takes it: its column, and the attributes of its mining field."""

    data: DataField
    schema: Mapping[str, str]
    column: int
    codes: Mapping[str, int] | None
    open_codes: bool

    @property
    def strict(self) -> bool:
        """Whether an invalid value has no answer."""
        return self.schema.get("invalidValueTreatment", "returnInvalid") == "returnInvalid"

    @property
    def where(self) -> str:
        """Its name, for people."""
        return f"DataField {self.data.name}"

    def code(self, text: str) -> int:
        """The code of a category; one below 0 for what the model's column does not have."""
        assert self.codes is not None
        known = category(text, self.codes) if text not in self.codes else text
        if known is not None:
            return self.codes[known]
        if not self.open_codes:
            raise unsupported(f"the category {text!r} is none of the column's", self.where)
        value = numbers.double(text, self.where)
        if not (value.is_integer() and 0 <= value < _MOST_CODES):
            raise unsupported(f"the category {text!r} is no code of a column without categories", self.where)
        return int(value)


@dataclass
class Fields:
    """The fields of a document, by the names that its predicates use.

    `refused` collects the columns of which a missing value has no prediction; `used` those that predicates name.
    """

    dictionary: Mapping[str, DataField]
    columns: tuple[Column, ...]
    used: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    _owns: dict[str, Own] = field(default_factory=dict)
    _of_column: dict[int, Own] = field(default_factory=dict)
    _known: dict[tuple[int, Predicate], tuple[int, Partition]] = field(default_factory=dict)

    def begin(self, schema: Mapping[str, Mapping[str, str]]) -> None:
        """Take the fields of the top-level model in."""
        place = {column.name: number for number, column in enumerate(self.columns)}
        for name, attributes in schema.items():
            if _usage(attributes) != "active":
                continue
            data = self.dictionary.get(name)
            if data is None:
                raise BrokenDocumentError("the data dictionary does not have it", f"MiningField {name}")
            if name not in place:
                raise ConversionError(
                    f"the document asks for the field {for_terminal(name)!r}, which is no column of the model",
                    code="unknown-field", where=for_terminal(name), fix="convert the document without its manifest",
                )  # fmt: skip
            if attributes.get("optype", data.optype) != data.optype:
                raise unsupported("an optype other than its DataField's", f"MiningField {name}")
            own = _own(data, attributes, place[name], self.columns[place[name]])
            self._owns[name] = self._of_column[own.column] = own

    def check_nested(self, model: Model) -> None:
        """Models within the model take values as they are: what their schemas say anew must be what was said."""
        while model.parent is not None:
            for name, attributes in model.schema.items():
                outer = self._owns[name].schema if name in self._owns else {}
                if _usage(attributes) in TARGETS and name in self._owns:
                    raise unsupported("a column that a model within the model predicts", f"MiningField {name}")
                for key in TREATMENTS:
                    if key in attributes and attributes[key] != outer.get(key):
                        raise unsupported(f"{key} of a model within the model", f"MiningField {name}")
            model = model.parent

    def partition(self, model: Model, predicate: Simple | Members) -> tuple[int, Partition]:
        """The column of a predicate, and where it is true. Raises ConversionError for what a forest cannot say."""
        # A name may mean another field in another model only where that derives fields of its own.
        key = (id(model) if model.derived else 0, predicate)
        found = self._known.get(key)
        if found is None:
            own, data_type = self._resolved(model, predicate.field)
            found = self._known[key] = own.column, self._made(own, data_type, predicate)
            self.used.add(own.column)
        return found

    def start(self, column: int) -> State:
        """What a column may hold before any predicate."""
        own = self._of_column[column]
        nan = column not in self.refused
        if own.codes is None:
            return Span(nan=nan)
        closed = own.strict and bool(own.data.values)
        return Choice(frozenset(own.code(text) for text in own.data.values), False, nan) if closed else Choice(nan=nan)

    def own_of(self, column: int) -> Own:
        """The field of a column that the model asks for."""
        return self._of_column[column]

    def owned(self) -> Mapping[int, Own]:
        """The fields by column; the model does not ask for the others."""
        return self._of_column

    def _resolved(self, model: Model, name: str) -> tuple[Own, str]:
        """The field of the dictionary behind a name, and the type in which it is seen."""
        derived = _derived(model, name)
        if derived is None:
            if _usage(model.schema.get(name, {"usageType": ""})) != "active":
                raise BrokenDocumentError("the MiningSchema of its model does not have it", f"field {name}")
            return self._plain(name)
        # What a derived field refers to is its own model's, or one of the dictionary that has the same name.
        own, _ = self._plain(name) if derived.field == name else self._resolved(model, derived.field)
        return own, derived.data_type

    def _plain(self, name: str) -> tuple[Own, str]:
        own = self._owns.get(name)
        if own is None:
            raise BrokenDocumentError("no active field of the model has that name", f"field {name}")
        return own, own.data.data_type

    def _made(self, own: Own, data_type: str, predicate: Simple | Members) -> Partition:
        raw = _on_line(own, data_type, predicate) if own.codes is None else _on_codes(own, predicate)
        return _treated(own, raw)


def _usage(attributes: Mapping[str, str]) -> str:
    return attributes.get("usageType", "active")


def _derived(model: Model, name: str) -> Derived | None:
    """The derived field of that name, of the model or one around it."""
    inner: Model | None = model
    while inner is not None:
        if name in inner.derived:
            return inner.derived[name]
        inner = inner.parent
    return None


def _own(data: DataField, attributes: Mapping[str, str], place: int, column: Column) -> Own:
    codes = _codes(data, column)
    own = Own(data, attributes, place, codes, column.categories is None and column.type == "categorical")
    if codes is None and data.data_type not in _NUMERIC:
        raise unsupported(f"a column of numbers whose field has the type {data.data_type!r}", own.where)
    if column.type == "text":
        raise unsupported("a column of texts", own.where)
    return own


def _codes(data: DataField, column: Column) -> Mapping[str, int] | None:
    """The code of each category; None for a column of numbers, empty where codes are the values themselves."""
    if column.type == "boolean" and column.categories is None:
        return {"false": 0, "true": 1} if data.data_type == "boolean" else None
    if column.type != "categorical":
        return None
    return {text_of(one): code for code, one in enumerate(column.categories or ())}


# --- predicates ----------------------------------------------------------------------------------------


def _on_line(own: Own, data_type: str, predicate: Simple | Members) -> Line:
    scale = _scale(own, data_type)
    if isinstance(predicate, Members):
        points = [scale(text) for text in predicate.values]
        isin = combined(any_of, [_equal(point) for point in points]) if points else Line((math.inf,), (False,), None)
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
    equal = _equal((below, upto))
    return equal if predicate.operator == "equal" else _negated(equal)


def _equal(point: tuple[float, float]) -> Line:
    return _line((point[0], False), (point[1], True), (math.inf, False))


def _line(*pieces: tuple[float, bool]) -> Line:
    """Pieces by their ends; nothing is beyond infinity."""
    kept = [piece for piece, before in zip(pieces, ((0.0, False), *pieces), strict=False) if before[0] != math.inf]
    return Line(tuple(end for end, _ in kept), tuple(truth for _, truth in kept), None)


def _negated(line: Line) -> Line:
    return Line(line.ends, tuple(not value for value in line.values), None)


def _scale(own: Own, data_type: str) -> Callable[[str], tuple[float, float]]:
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
    equal = predicate.operator == "equal"
    return Codes({own.code(predicate.value): equal}, not equal, None)


# --- missing and invalid values ------------------------------------------------------------------------


def _treated(own: Own, raw: Partition) -> Partition:
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
    scale = _scale(own, own.data.data_type)
    return combined(lambda *truths: any(truths), [_equal(scale(text)).with_missing(False) for text in texts])


def _interval(own: Own, interval: Interval) -> Line:
    scale = _scale(own, own.data.data_type)
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

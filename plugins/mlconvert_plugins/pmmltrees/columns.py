"""The columns behind a document's fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlconvert.errors import ConversionError
from mlconvert.signature import Column
from mlconvert.text import for_terminal
from mlconvert_plugins.pmmlfile.dictionary import DataField
from mlconvert_plugins.pmmlfile.texts import category, text_of
from mlconvert_plugins.pmmltrees import numbers

_NUMERIC = ("double", "float", "integer")
_MOST_CODES = 2**24


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


def own_of(data: DataField, attributes: Mapping[str, str], place: int, column: Column) -> Own:
    """A field and its column. Raises ConversionError where the column cannot be of the field."""
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

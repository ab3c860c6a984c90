"""Fields as predicates see them: names, types, and what each predicate says of the column behind its field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlconvert.errors import ConversionError
from mlconvert.signature import Column
from mlconvert.text import for_terminal
from mlconvert_plugins.pmmlfile.dictionary import DataField
from mlconvert_plugins.pmmlfile.errors import BrokenDocumentError
from mlconvert_plugins.pmmltrees.asking import asked
from mlconvert_plugins.pmmltrees.columns import Own, own_of, unsupported
from mlconvert_plugins.pmmltrees.model import Derived, Members, Model, Predicate, Simple
from mlconvert_plugins.pmmltrees.partitions import Choice, Partition, Span, State
from mlconvert_plugins.pmmltrees.treatments import treated

TARGETS = ("target", "predicted")
TREATMENTS = ("missingValueReplacement", "missingValueTreatment", "invalidValueTreatment", "invalidValueReplacement")


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
    _known: dict[tuple[int, str, Predicate], Partition] = field(default_factory=dict)

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
            own = own_of(data, attributes, place[name], self.columns[place[name]])
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
        own, data_type = self._resolved(model, predicate.field)
        key = own.column, data_type, predicate
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = treated(own, asked(own, data_type, predicate))
            self.used.add(own.column)
        return own.column, found

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
        if derived.field != name and _derived(model, derived.field) is not None:
            raise unsupported("a derived field of a derived field", f"DerivedField {name}")
        own, data_type = self._plain(derived.field)
        if own.codes is not None and derived.data_type != data_type:
            raise unsupported(f"categories as {derived.data_type!r}", f"DerivedField {name}")
        return own, derived.data_type

    def _plain(self, name: str) -> tuple[Own, str]:
        own = self._owns.get(name)
        if own is None:
            raise BrokenDocumentError("no active field of the model has that name", f"field {name}")
        return own, own.data.data_type


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

"""The readers of data, one for each kind: arrays in files, tables, functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Union

from mlconvert import usercode
from mlconvert.datasets import arrays, columns, functions, tables
from mlconvert.datasets.batches import Batch, size_of, uneven
from mlconvert.datasets.labels import flat, of_blocks
from mlconvert.errors import ConversionError
from mlconvert.signature import Signature
from mlconvert.text import for_terminal, suggestion

if TYPE_CHECKING:
    import numpy as np

KINDS = ".npz, .npy, .csv, .parquet, a folder of .npy files, or a function (pkg.mod:function, file.py:function)"


def is_code(reference: str | Path) -> bool:
    """Whether the data are what a function of the user's gives."""
    return not Path(reference).exists() and usercode.is_reference(str(reference))


def opened(
    reference: str | Path, signature: Signature, label: str | None, facts: dict[str, str], *, trust: bool
) -> Reader:
    """The reader of data that are there; `label` names the column or array of the labels among them.

    Raises ConversionError: `needs-trust`, `missing-package`, `bad-data`, `bad-labels`.
    """
    path = Path(reference)
    if is_code(reference):
        functions.check_trust(str(reference), trust)
        return OfFunction(str(reference), signature, label)
    if path.is_dir() or path.suffix in (".npz", ".npy"):
        return _of_arrays(path, signature, label, facts)
    if path.name.endswith((".csv", ".csv.gz", ".parquet", ".pq")):
        if size_of(signature, 1) is None:
            raise _bad(path, "a table holds rows, and the model's inputs do not share a first dim of rows")
        table = tables.opened(path)
        return OfTable(table.name, table.rows, table, columns.sources(table, signature, label, facts), label)
    raise _bad(path, f"{for_terminal(path.name)} is no data that mlconvert reads")


def _bad(path: Path, message: str) -> ConversionError:
    return ConversionError(message, code="bad-data", where=path.name, fix=f"give {KINDS}")


@dataclass(frozen=True)
class OfArrays:
    """Arrays by name; `rows` is the length of the first dim, which they share where rows are cut."""

    name: str
    rows: int | None
    kind: str
    stored: Mapping[str, arrays.Stored]
    label: str | None

    def chunks(self, rows: int | None) -> Iterator[Batch]:
        """So many rows at a time, all at once for None, as the file has them."""
        with arrays.reading(self.name, self.kind, "write it again with numpy"):
            for parts in zip(*(one.parts(rows) for one in self.stored.values()), strict=True):
                yield _split(dict(zip(self.stored, parts, strict=True)), self.label, self.name)


def _of_arrays(path: Path, signature: Signature, label: str | None, facts: dict[str, str]) -> OfArrays:
    names = [tensor.name for tensor in signature.inputs]
    found = arrays.stored(path, only=names[0] if len(names) == 1 else path.stem)
    arrays.check_present(names, found, path.name)
    if label is not None:
        _check_label(label, found, path.name)
    used = {name: one for name, one in found.items() if name in names or name == label}
    unused = [name for name in found if name not in used]
    if unused:
        facts["not used"] = f"{for_terminal(path.name)}: " + for_terminal(", ".join(unused), 200)
    lengths = {name: len(one) for name, one in used.items()}
    if len(set(lengths.values())) > 1 and size_of(signature, 1) is not None:
        raise uneven(path.name, lengths)
    return OfArrays(path.name, next(iter(lengths.values()), None), arrays.kind_of(path), used, label)


@dataclass(frozen=True)
class OfTable:
    """Columns of a table; `rows` is None where only reading tells how many there are."""

    name: str
    rows: int | None
    table: tables.Table
    sources: tuple[columns.Source, ...]
    label: str | None

    def chunks(self, rows: int | None) -> Iterator[Batch]:
        """Some rows at a time, in the inputs' order."""
        wanted = [name for source in self.sources for name in source.columns]
        wanted = list(dict.fromkeys(wanted + ([] if self.label is None else [self.label])))
        first = 1
        for block in self.table.blocks(wanted, max(rows or 1, 1024)):
            inputs = {source.tensor.name: source.array(self.name, block, first) for source in self.sources}
            labels = None if self.label is None else of_blocks([block[self.label]])
            first += len(block[wanted[0]])
            yield Batch(inputs, labels)


@dataclass(frozen=True)
class OfFunction:
    """What the user's function gives, mapping by mapping."""

    name: str
    signature: Signature
    label: str | None
    rows: int | None = None

    def chunks(self, rows: int | None) -> Iterator[Batch]:
        """The mappings as they come, however many rows they have."""
        for found in functions.arrays(self.name, self.signature):
            arrays.check_present([tensor.name for tensor in self.signature.inputs], found, self.name)
            yield _split(found, self.label, self.name)


Reader = Union[OfArrays, OfTable, OfFunction]


def _split(found: dict[str, np.ndarray], label: str | None, source: str) -> Batch:
    """Inputs and labels apart; the array of the labels may be an input, too."""
    if label is None:
        return Batch(found)
    _check_label(label, found, source)
    return Batch(found, flat(found[label], label))


def _check_label(label: str, found: Mapping[str, object], source: str) -> None:
    if label not in found:
        raise ConversionError(
            f"{for_terminal(source)} has no array {for_terminal(label)!r} of labels{suggestion(label, found)}",
            code="bad-labels",
            where=label,
            fix=f"its arrays are: {for_terminal(', '.join(found), 200)}",
        )

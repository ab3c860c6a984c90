"""The user's own inputs for a comparison: arrays or tables in files, or a function, as batches of a model's inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Union

from mlconvert import usercode
from mlconvert.datasets import arrays, columns, functions, tables
from mlconvert.datasets.batches import Batch, Size, cut, size_of, uneven
from mlconvert.datasets.fitting import fitted
from mlconvert.datasets.labels import Labels, column_of, flat, of_blocks, read_labels
from mlconvert.errors import ConversionError
from mlconvert.signature import Signature
from mlconvert.text import for_terminal, suggestion

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Batch", "Dataset", "open_data"]

KINDS = ".npz, .npy, .csv, .parquet, a folder of .npy files, or a function (pkg.mod:function, file.py:function)"


@dataclass(frozen=True)
class Dataset:
    """Batches of a model's inputs: `for batch in dataset` reads from the start each time, a batch at a time.

    `rows` is how many there are, None where only reading tells. `facts` is what a report should say of the data
    (columns that are not used, rows that fill no batch); it is complete when the last batch has been taken.
    """

    name: str
    rows: int | None
    signature: Signature
    facts: dict[str, str]
    size: Size | None
    _reader: _Reader = field(repr=False)
    _labels: Labels | None = field(default=None, repr=False)

    def __iter__(self) -> Iterator[Batch]:
        """Raises ConversionError (`bad-data`, `bad-labels`) at the first row that is wrong."""
        read = self._reader.chunks(self.size.most if self.size else None)
        chunks: Iterator[Batch] = (Batch(self._fitted(chunk.inputs), chunk.labels) for chunk in read)
        if self._labels is not None:
            chunks = self._labels.beside(chunks, self.name)
        return chunks if self.size is None else cut(chunks, self.size, self.name, self.facts)

    def _fitted(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return fitted(inputs, self.signature, self.facts, by_rows=self.size is not None)


def open_data(
    reference: str | Path, signature: Signature, *, rows: int, labels: str | None = None, trust: bool = False
) -> Dataset:
    """The data that `--data` names, as batches of at most `rows` rows of the signature's inputs.

    `reference` is a path (`.npz`, `.npy`, `.csv`, `.parquet`, a folder of `<input>.npy`), or the user's code, which
    needs `trust`. `labels` is what `--labels` says: a file, or `column:NAME`. A model whose inputs do not share a first
    dim is given each set of arrays as it is.

    Raises ConversionError: `needs-trust`, `missing-package`, `bad-data`, `bad-labels`.
    """
    if not signature.inputs:
        raise ConversionError(
            "the inputs of the model are not known", code="bad-data", fix="give them with --input 'x:float32[batch,3]'"
        )
    facts: dict[str, str] = {}
    size, label = size_of(signature, rows), column_of(labels)
    if labels is not None and size is None:
        raise ConversionError(
            "labels are one for each row, and the model's inputs do not share a first dim of rows",
            code="bad-labels",
            where=labels,
            fix="leave the labels out",
        )
    reader = _reader(reference, signature, label, facts, trust=trust)
    count = reader.rows if size else None
    beside = None if labels is None or label is not None else read_labels(Path(labels))
    if beside is not None and count is not None:
        beside.check(reader.name, count)
    return Dataset(reader.name, count, signature, facts, size, reader, beside)


def is_code(reference: str | Path) -> bool:
    """Whether the data are what a function of the user's gives."""
    return not Path(reference).exists() and usercode.is_reference(str(reference))


def check_there(reference: str | Path) -> None:
    """Raise ConversionError (`no-such-file`) for data that are neither there nor code."""
    if not Path(reference).exists() and not is_code(reference):
        raise ConversionError(
            f"there is no file {for_terminal(reference)}",
            code="no-such-file",
            where=Path(reference).name,
            fix=f"give {KINDS}",
        )


def _reader(
    reference: str | Path, signature: Signature, label: str | None, facts: dict[str, str], *, trust: bool
) -> _Reader:
    check_there(reference)
    path = Path(reference)
    if is_code(reference):
        functions.check_trust(str(reference), trust)
        return _OfFunction(str(reference), signature, label)
    if path.is_dir() or path.suffix in (".npz", ".npy"):
        return _of_arrays(path, signature, label, facts)
    if path.name.endswith((".csv", ".csv.gz", ".parquet", ".pq")):
        if size_of(signature, 1) is None:
            raise _bad(path, "a table holds rows, and the model's inputs do not share a first dim of rows")
        table = tables.opened(path)
        return _OfTable(table.name, table.rows, table, columns.sources(table, signature, label, facts), label)
    raise _bad(path, f"{for_terminal(path.name)} is no data that mlconvert reads")


def _bad(path: Path, message: str) -> ConversionError:
    return ConversionError(message, code="bad-data", where=path.name, fix=f"give {KINDS}")


@dataclass(frozen=True)
class _OfArrays:
    name: str
    rows: int | None
    kind: str
    stored: Mapping[str, arrays.Stored]
    label: str | None

    def chunks(self, rows: int | None) -> Iterator[Batch]:
        with arrays.reading(self.name, self.kind, "write it again with numpy"):
            for parts in zip(*(one.parts(rows) for one in self.stored.values()), strict=True):
                yield _split(dict(zip(self.stored, parts, strict=True)), self.label, self.name)


def _of_arrays(path: Path, signature: Signature, label: str | None, facts: dict[str, str]) -> _OfArrays:
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
    kind = path.suffix.removeprefix(".") or ".npy"
    return _OfArrays(path.name, next(iter(lengths.values()), None), kind, used, label)


@dataclass(frozen=True)
class _OfTable:
    name: str
    rows: int | None
    table: tables.Table
    sources: tuple[columns.Source, ...]
    label: str | None

    def chunks(self, rows: int | None) -> Iterator[Batch]:
        wanted = [name for source in self.sources for name in source.columns]
        wanted = list(dict.fromkeys(wanted + ([] if self.label is None else [self.label])))
        first = 1
        for block in self.table.blocks(wanted, max(rows or 1, 1024)):
            inputs = {source.tensor.name: source.array(self.name, block, first) for source in self.sources}
            labels = None if self.label is None else of_blocks([block[self.label]])
            first += len(block[wanted[0]])
            yield Batch(inputs, labels)


@dataclass(frozen=True)
class _OfFunction:
    name: str
    signature: Signature
    label: str | None
    rows: int | None = None

    def chunks(self, rows: int | None) -> Iterator[Batch]:
        for found in functions.arrays(self.name, self.signature):
            arrays.check_present([tensor.name for tensor in self.signature.inputs], found, self.name)
            yield _split(found, self.label, self.name)


_Reader = Union[_OfArrays, _OfTable, _OfFunction]


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

"""The user's own inputs for a comparison: arrays or tables in files, or a function, as batches of a model's inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.datasets.batches import Batch, Size, cut, size_of
from mlconvert.datasets.fitting import fitted
from mlconvert.datasets.labels import Labels, column_of, read_labels
from mlconvert.datasets.readers import KINDS, Reader, is_code, opened
from mlconvert.errors import ConversionError
from mlconvert.signature import Signature
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Batch", "Dataset", "check_there", "is_code", "open_data"]


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
    _reader: Reader = field(repr=False)
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
    check_there(reference)
    reader = opened(reference, signature, label, facts, trust=trust)
    count = reader.rows if size else None
    beside = None if labels is None or label is not None else read_labels(Path(labels))
    if beside is not None and count is not None:
        beside.check(reader.name, count)
    return Dataset(reader.name, count, signature, facts, size, reader, beside)


def check_there(reference: str | Path) -> None:
    """Raise ConversionError (`no-such-file`) for data that are neither there nor code."""
    if not Path(reference).exists() and not is_code(reference):
        raise ConversionError(
            f"there is no file {for_terminal(reference)}",
            code="no-such-file",
            where=Path(reference).name,
            fix=f"give {KINDS}",
        )

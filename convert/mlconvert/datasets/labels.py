"""Labels: what the rows of the user's data truly are, in a file of their own or beside the inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlconvert.datasets import arrays, tables
from mlconvert.datasets.batches import Batch
from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    import numpy as np

_COLUMN = "column:"


def column_of(word: str | None) -> str | None:
    """NAME of `column:NAME`, a column or array of the data; None for a file's path, or no word at all."""
    return word.removeprefix(_COLUMN) if word is not None and word.startswith(_COLUMN) else None


@dataclass(frozen=True)
class Labels:
    """Labels of a file: one for each row."""

    name: str
    values: np.ndarray

    def check(self, source: str, rows: int) -> None:
        """Raise ConversionError (`bad-labels`) where there are not as many labels as rows."""
        if rows != len(self.values):
            raise ConversionError(
                f"{for_terminal(self.name)} holds {len(self.values)} labels, and {for_terminal(source)} {rows} rows",
                code="bad-labels",
                where=self.name,
                fix="give one label for each row, in the order of the rows",
            )

    def beside(self, chunks: Iterator[Batch], source: str) -> Iterator[Batch]:
        """The chunks with their labels. Raises ConversionError (`bad-labels`)."""
        done = 0
        for chunk in chunks:
            if done + len(chunk) > len(self.values):
                # The rest is counted, so that the message has both numbers.
                self.check(source, done + len(chunk) + sum(map(len, chunks)))
            yield replace(chunk, labels=self.values[done : done + len(chunk)])
            done += len(chunk)
        self.check(source, done)


def read_labels(path: Path) -> Labels:
    """The labels of an `.npy` file, an `.npz` file of one array, or a table (`.csv`, `.parquet`) of one column.

    They are one for each row: [n] or [n,1]. Raises ConversionError (`bad-labels`, `bad-data`).
    """
    if not path.is_file():
        raise _bad(path, f"there is no file {for_terminal(path)}", "give .npy, .npz, .csv or .parquet, or column:NAME")
    if path.suffix in (".npy", ".npz"):
        found = arrays.stored(path)
        _check_one(path, "array", list(found))
        with arrays.reading(path.name, path.suffix.removeprefix("."), "write it with numpy.save"):
            (values,) = next(iter(found.values())).parts(None)
    else:
        values = _of_table(tables.opened(path))
    return Labels(path.name, flat(values, path.name))


def flat(values: np.ndarray, name: str) -> np.ndarray:
    """Labels as [n]. Raises ConversionError (`bad-labels`) for arrays that hold more than one for a row."""
    if values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1):
        return values.reshape(-1)
    raise ConversionError(
        f"the labels of {for_terminal(name)} have the shape {list(values.shape)}",
        code="bad-labels",
        where=name,
        fix="give one label for each row; numpy.argmax(y, axis=1) makes them of one-hot rows",
    )


def _of_table(table: tables.Table) -> np.ndarray:
    _check_one(Path(table.name), "column", list(table.columns))
    return of_blocks([block[table.columns[0]] for block in table.blocks(table.columns, 2**16)])


def of_blocks(blocks: Iterable[Any]) -> np.ndarray:
    """The values of pyarrow arrays, as objects; None where nothing stands."""
    import numpy as np

    listed = [value for block in blocks for value in block.to_pylist()]
    values = np.empty(len(listed), dtype=object)
    values[:] = listed
    return values


def _check_one(path: Path, what: str, names: list[str]) -> None:
    if len(names) != 1:
        listed = for_terminal(", ".join(names), 200) or "none"
        message = f"{for_terminal(path.name)} holds {len(names)} {what}s, and labels are one: {listed}"
        raise _bad(path, message, "save the labels by themselves, or name them with column:NAME")


def _bad(path: Path, message: str, fix: str) -> ConversionError:
    return ConversionError(message, code="bad-labels", where=path.name, fix=fix)

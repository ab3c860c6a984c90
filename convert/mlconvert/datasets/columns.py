"""Which columns of a table make which inputs of a model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlconvert.datasets import cells
from mlconvert.datasets.cells import Cells
from mlconvert.datasets.tables import Table
from mlconvert.errors import ConversionError
from mlconvert.signature import Column, Signature, Tensor
from mlconvert.text import for_terminal, suggestion

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Source:
    """Where an input comes from: one column for each place of a row, or one of lists, which are rows.

    `rules` are a tabular model's own columns.
    """

    tensor: Tensor
    columns: tuple[str, ...]
    rules: tuple[Column, ...] = ()
    of_lists: bool = False

    def array(self, name: str, block: Mapping[str, Any], first: int) -> np.ndarray:
        """The input's rows from a block of the table whose first row is `first`."""
        import numpy as np

        read = [Cells(name, column, block[column], first) for column in self.columns]
        if self.of_lists:
            return cells.of_lists(read[0], self.tensor.dtype)
        if self.rules:
            found = [cells.of_column(one, rule) for one, rule in zip(read, self.rules, strict=True)]
        else:
            found = [cells.of_tensor(one, self.tensor.dtype) for one in read]
        return found[0] if len(self.tensor.shape) == 1 else np.stack(found, axis=1)


def sources(table: Table, signature: Signature, label: str | None, facts: dict[str, str]) -> tuple[Source, ...]:
    """The columns of every input; `facts` says which columns of the table are not used.

    Raises ConversionError (`bad-data`) that names what is missing.
    """
    free = tuple(name for name in table.columns if name != label)
    found = tuple((_tabular if signature.columns else _networks)(table, signature, free))
    if signature.columns:
        found = _spaced(found, free, facts)
    wanted = [name for source in found for name in source.columns]
    after = "the model does" if signature.columns else "its inputs, x_0, x_1, … for the places of a row of x"
    _check_columns(table, wanted, free, f"name the columns as {after}")
    if label is not None:
        _check_columns(table, [label], table.columns, "name one of its columns")
    unused = [name for name in free if name not in wanted]
    if unused:
        facts["not used"] = f"{for_terminal(table.name)}: " + for_terminal(", ".join(unused), 200)
    return found


def _spaced(found: tuple[Source, ...], free: Sequence[str], facts: dict[str, str]) -> tuple[Source, ...]:
    """With the table's names where they have blanks for the model's underscores, which LightGBM writes in its files."""
    written = {re.sub(r"\s", "_", name): name for name in free}
    if len(written) < len(free):
        return found  # it would not be sure which is meant
    taken = {name: written[name] for one in found for name in one.columns if name not in free and name in written}
    if taken:
        facts["blanks in names"] = f"read as underscores, as in {for_terminal(next(iter(taken)))}"
    return tuple(replace(one, columns=tuple(taken.get(name, name) for name in one.columns)) for one in found)


def _check_columns(table: Table, wanted: Sequence[str], columns: Sequence[str], fix: str) -> None:
    missing = [name for name in wanted if name not in columns]
    if not missing:
        return
    first, *others = (repr(for_terminal(name)) for name in missing)
    more = for_terminal(", nor " + ", ".join(others), 200) if others else suggestion(missing[0], columns)
    raise ConversionError(
        f"{for_terminal(table.name)} has no column {first}{more}",
        code="bad-data",
        where=missing[0],
        fix=f"{fix}; the table has: {for_terminal(', '.join(columns), 200)}",
    )


def _tabular(table: Table, signature: Signature, free: Sequence[str]) -> Iterator[Source]:
    """A matrix of the columns that are no text, in the model's order, and each column of text by itself."""
    texts = {column.name: column for column in signature.columns if column.type == "text"}
    others = tuple(column for column in signature.columns if column.type != "text")
    for tensor in signature.inputs:
        if tensor.dtype == "string" and tensor.name in texts:
            yield Source(tensor, (tensor.name,), (texts[tensor.name],))
        else:
            yield Source(tensor, tuple(column.name for column in others), others)


def _networks(table: Table, signature: Signature, free: Sequence[str]) -> Iterator[Source]:
    """A column of the input's name for each row's one value or list, else `name_0`, `name_1`, … for its places.

    An only input also takes a table of just as many columns of numbers, in their order.
    """
    numeric = tuple(name for name in table.numeric if name in free)
    for tensor in signature.inputs:
        if tensor.name in table.lists and tensor.name in free and len(tensor.shape) == 2:
            yield Source(tensor, (tensor.name,), of_lists=True)
            continue
        width = _width(tensor, table)
        named = (tensor.name,) if width is None else tuple(f"{tensor.name}_{place}" for place in range(width))
        if width == 1 and named[0] not in free and tensor.name in free:
            named = (tensor.name,)
        in_order = len(signature.inputs) == 1 and len(numeric) == width and not set(named) & set(free)
        yield Source(tensor, numeric if in_order else named)


def _width(tensor: Tensor, table: Table) -> int | None:
    """The values of one row; None for a single one that is no row of its own. Raises ConversionError (`bad-data`)."""
    if len(tensor.shape) == 1:
        return None
    if len(tensor.shape) == 2 and isinstance(tensor.shape[1], int):
        return tensor.shape[1]
    raise ConversionError(
        f"the input {for_terminal(tensor)} cannot be made of the columns of {for_terminal(table.name)}",
        code="bad-data",
        where=tensor.name,
        fix="give its arrays in an .npz file, a folder of .npy files or a Python function",
    )

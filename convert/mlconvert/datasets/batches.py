"""Rows in batches: how many of them a model takes at once, and sets of arrays cut and joined to that size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError
from mlconvert.signature import Signature, names_in
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Batch:
    """Inputs by name, and a label for each row where labels were given."""

    inputs: Mapping[str, np.ndarray]
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        """How many rows it has: the first dim of its first input, 1 where that has none."""
        shape: tuple[int, ...] = next(iter(self.inputs.values())).shape
        return shape[0] if shape else 1

    def part(self, start: int, stop: int) -> Batch:
        """The rows from `start` up to `stop`."""
        labels = None if self.labels is None else self.labels[start:stop]
        return Batch({name: values[start:stop] for name, values in self.inputs.items()}, labels)


def joined(batches: list[Batch]) -> Batch:
    """The rows of all of them."""
    import numpy as np

    if len(batches) == 1:
        return batches[0]
    names = batches[0].inputs
    inputs = {name: np.concatenate([batch.inputs[name] for batch in batches]) for name in names}
    labels = [batch.labels for batch in batches if batch.labels is not None]
    return Batch(inputs, np.concatenate(labels) if labels else None)


@dataclass(frozen=True)
class Size:
    """How many rows a batch has: `most`, and at the end as few as `least`."""

    least: int
    most: int


def size_of(signature: Signature, rows: int) -> Size | None:
    """The size of batches of at most `rows` rows; None where the inputs do not share a first dim that can be cut.

    A model whose batch is fixed, or has a min above `rows`, is given what it takes.
    """
    shapes = [tensor.shape for tensor in signature.inputs]
    if not shapes or not all(shapes):
        return None
    first = shapes[0][0]
    if any(shape[0] != first for shape in shapes) or (first is None and len(shapes) > 1):
        return None
    if isinstance(first, int):
        return Size(first, first) if first else None
    if first is None:
        return Size(1, rows)
    # A size that an expression or another dim depends on is not one of rows.
    if not first.isidentifier() or any(first in names_in(dim) for shape in shapes for dim in shape[1:]):
        return None
    taken = signature.range_of(first)
    least = max(1, taken.min)
    return Size(least, max(least, rows if taken.max is None else min(rows, taken.max)))


def cut(chunks: Iterable[Batch], size: Size, source: str, facts: dict[str, str]) -> Iterator[Batch]:
    """The chunks' rows in batches of that size; chunks whose rows differ in shape are not joined.

    Rows that fill no batch are left out, and `facts` says how many. Raises ConversionError (`bad-data`) where none is
    filled.
    """
    held: list[Batch] = []
    total = used = 0
    for chunk in (chunk for chunk in chunks if len(chunk)):
        total += len(chunk)
        _check_even(chunk, source)
        if held and _row(held[0]) != _row(chunk):
            for batch in _rest(held, size):
                used += len(batch)
                yield batch
            held = []
        held.append(chunk)
        count = sum(map(len, held))
        if count >= size.most:
            whole, full = joined(held), count // size.most * size.most
            for start in range(0, full, size.most):
                used += size.most
                yield whole.part(start, start + size.most)
            held = [whole.part(full, count)] if full < count else []
    for batch in _rest(held, size):
        used += len(batch)
        yield batch
    if not used:
        raise _too_few(source, total, size)
    if used < total:
        facts["left out"] = f"{total - used} of {total} rows, which do not fill a batch of {size.least}"


def _check_even(chunk: Batch, source: str) -> None:
    lengths = {name: len(values) for name, values in chunk.inputs.items()}
    if chunk.labels is not None:
        lengths["labels"] = len(chunk.labels)
    if len(set(lengths.values())) > 1:
        raise uneven(source, lengths)


def uneven(source: str, lengths: Mapping[str, int]) -> ConversionError:
    """The error (`bad-data`) about inputs, or labels, that are not for the same rows."""
    listed = ", ".join(f"{for_terminal(name)} has {length}" for name, length in lengths.items())
    return ConversionError(
        f"the arrays of {for_terminal(source)} have different numbers of rows: {listed}",
        code="bad-data",
        where=source,
        fix="give each of them one entry for each row",
    )


def _row(batch: Batch) -> dict[str, Any]:
    return {name: (values.shape[1:], values.dtype) for name, values in batch.inputs.items()}


def _rest(held: list[Batch], size: Size) -> list[Batch]:
    return [joined(held)] if held and sum(map(len, held)) >= size.least else []


def _too_few(source: str, total: int, size: Size) -> ConversionError:
    name = for_terminal(source)
    if not total:
        return ConversionError(f"{name} has no rows", code="bad-data", where=source, fix="give it at least one")
    return ConversionError(
        f"{name} has {total} rows, and the model takes no fewer than {size.least} at once",
        code="bad-data",
        where=source,
        fix=f"give at least {size.least} rows",
    )

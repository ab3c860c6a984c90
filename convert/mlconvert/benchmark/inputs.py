"""What subjects are timed on: the inputs that parity would draw, or the user's, brought to a batch size.

Every subject gets the same arrays. Rows of a table come in several sets, for one row again and again is a path through
a tree that a processor learns by heart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mlconvert import probes, registry
from mlconvert.artifact import Artifact
from mlconvert.datasets import open_data
from mlconvert.datasets.batches import Batch, joined
from mlconvert.errors import ConversionError
from mlconvert.format import Format
from mlconvert.signature import DimRange, Signature
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray]

# Rows that take turns, where a batch has fewer.
_ROWS = 16


def smallest(subjects: Sequence[Artifact]) -> int:
    """The smallest batch that all of them take, as far as their signatures say."""
    return max(_range(subject.signature).min for subject in subjects)


def require(subject: Artifact, batch: int) -> None:
    """Raise ConversionError where the subject's signature does not take a batch."""
    taken = _range(subject.signature)
    if batch < taken.min or (taken.max is not None and batch > taken.max):
        most = "and up" if taken.max is None else f"to {taken.max}"
        sizes = f"{taken.min} alone" if taken.min == taken.max else f"{taken.min} {most}"
        raise ConversionError(
            f"{for_terminal(subject.path.name)} takes batches of {sizes}, not of {batch}",
            code="bad-batch",
            where=subject.path.name,
            fix="time it at a batch that it takes (--batch), or convert it again with a wider --dim",
        )


def _range(signature: Signature) -> DimRange:
    """The batch is the first dim of the first input; one that nobody names can be anything."""
    first = signature.inputs[0].shape[:1] if signature.inputs else ()
    if not first or first[0] is None:
        return DimRange(1, 1, None)
    if isinstance(first[0], int):
        return DimRange(first[0], first[0], first[0])
    return signature.range_of(first[0])


def make(
    source: Artifact,
    artifacts: Sequence[Artifact],
    batches: Sequence[int],
    *,
    seed: int,
    data: str | None = None,
    trust: bool = False,
) -> list[list[dict[str, np.ndarray]]]:
    """The sets of inputs of each batch size. Runs in a worker. Raises ConversionError where they cannot be made.

    `data` is what `--data` names, as validation reads it; as many rows of it are taken as there is use for.
    """
    signature = source.signature
    if data is not None:
        rows = _read(data, signature, max(_ROWS, *batches), trust)
    elif signature.columns:
        rows = _shuffled(next(_draws(source, artifacts, seed)).inputs, seed)
    else:
        return [[_drawn(signature, batch, seed)] for batch in batches]
    return [list(_cut(rows, batch)) for batch in batches]


def _read(data: str, signature: Signature, count: int, trust: bool) -> Arrays:
    """The first rows, or the first set of arrays where the inputs are no rows."""
    dataset = open_data(data, signature, rows=count, trust=trust)
    found: list[Batch] = []
    for batch in dataset:
        found.append(batch)
        if dataset.size is None or sum(map(len, found)) >= count:
            break
    return joined(found).inputs if found else {}


def _draws(source: Artifact, artifacts: Sequence[Artifact], seed: int) -> Iterator[probes.Probe]:
    """From the first format that can say which rows matter."""
    for one in (*artifacts, source):
        found = _format(one).probes(one, seed)
        if found is not None:
            return found
    return _format(source).draws(source, seed)


def _format(artifact: Artifact) -> Format:
    found: Format = registry.load(registry.FORMATS, artifact.format)
    return found


def _shuffled(rows: Arrays, seed: int) -> Arrays:
    """Probes stand in the order of the thresholds that they are made for."""
    import numpy as np

    count = len(next(iter(rows.values())))
    order = np.random.default_rng(seed).permutation(count)
    return {name: array[order] for name, array in rows.items()}


def _cut(rows: Arrays, batch: int) -> Iterator[dict[str, np.ndarray]]:
    """Sets of so many rows, those that there are repeated as needed; what is no list of rows goes with each set."""
    import numpy as np

    count = max((len(array) for array in rows.values() if array.ndim), default=0)
    if not count:
        raise ConversionError("there is not one row to time", code="bad-data", fix="give rows with --data")
    for number in range(max(1, _ROWS // batch)):
        places = np.arange(number * batch, (number + 1) * batch) % count
        yield {name: array[places] if array.ndim and len(array) == count else array for name, array in rows.items()}


def _drawn(signature: Signature, batch: int, seed: int) -> dict[str, np.ndarray]:
    """Every named dim at opt, and the batch at what is wanted."""
    first = signature.inputs[0].shape[0] if signature.inputs and signature.inputs[0].shape else None
    dims = {**signature.dims, first: DimRange(batch, batch, batch)} if isinstance(first, str) else signature.dims
    return dict(next(probes.draw(replace(signature, dims=dims), seed)).inputs)

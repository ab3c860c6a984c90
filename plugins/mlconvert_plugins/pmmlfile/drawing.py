"""Rows for parity of any document: from the constants, categories and rules that it holds itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mlconvert.artifact import Artifact
from mlconvert.probes import Probe
from mlconvert.signature import Column
from mlconvert_plugins.pmmlfile import outline as outlines
from mlconvert_plugins.pmmlfile.dictionary import DataField
from mlconvert_plugins.pmmlfile.outline import Outline
from mlconvert_plugins.pmmlfile.parsing import Listener, parse

if TYPE_CHECKING:
    import numpy as np

_ROWS = 64
_PROBES = 4
# What a column is tried with, and the longest text.
_MOST_VALUES = 512
_MOST_LETTERS = 64
# Attributes that name a field, and those that hold a value of it.
_FIELD_KEYS = ("field", "name")
_VALUE_KEYS = ("value", "orig", "leftMargin", "rightMargin", "missingValueReplacement", "mean")
_WORD = re.compile(r"\w{2,}")


def probes(artifact: Artifact, seed: int) -> Iterator[Probe]:
    """Probes of rows within what the fields call valid; missing values where the document replaces them."""
    import numpy as np

    outline = outlines.read(artifact.path)
    constants = _Constants()
    parse(artifact.path, constants)
    generator = np.random.default_rng(seed)
    for number in range(_PROBES):
        rows = 1 if number == 0 else _ROWS
        label = "one row" if number == 0 else "constants"
        yield Probe(label, {"n": rows}, _inputs(artifact, outline, constants, rows, generator))


class _Constants(Listener):
    """Numbers by the field that they stand beside, and words."""

    def __init__(self) -> None:
        self.numbers: dict[str, set[float]] = {}
        self.words: dict[str, None] = {}
        self._field = ""
        self._texts: list[str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        named = next((attributes[key] for key in _FIELD_KEYS if key in attributes), None)
        self._field = self._field if named is None else named
        for key in _VALUE_KEYS:
            if key in attributes:
                self._note(attributes[key])
        self._texts = [] if name in ("Array", "Constant") or name.endswith("}string") else None

    def end(self, name: str) -> None:
        if self._texts is not None:
            for text in "".join(self._texts)[: 2**16].split():
                self._note(text)
        self._texts = None

    def text(self, text: str) -> None:
        if self._texts is not None:
            self._texts.append(text)

    def _note(self, text: str) -> None:
        known = self.numbers.setdefault(self._field, set())
        try:
            value = float(text)
        except ValueError:
            if len(self.words) < _MOST_VALUES:
                self.words |= dict.fromkeys(word[:_MOST_LETTERS] for word in _WORD.findall(text))
            return
        if math.isfinite(value) and len(known) < _MOST_VALUES:
            known.add(value)


def _inputs(
    artifact: Artifact, outline: Outline, constants: _Constants, rows: int, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    import numpy as np

    signature = artifact.signature
    tabular = [column for column in signature.columns if column.type != "text"]
    found: dict[str, np.ndarray] = {}
    for tensor in signature.inputs:
        if tensor.dtype == "string":
            words = [*constants.words, "", "unheard-of"]
            texts = [" ".join(generator.choice(words, int(generator.integers(0, 6)))) for _ in range(rows)]
            found[tensor.name] = np.array(texts, dtype=object)
        else:
            pools = [_pool(column, outline, constants, generator) for column in tabular]
            found[tensor.name] = np.stack([generator.choice(pool, rows) for pool in pools], axis=1)
    return found


def _pool(column: Column, outline: Outline, constants: _Constants, generator: np.random.Generator) -> np.ndarray:
    """What a column is tried with."""
    import numpy as np

    own, schema = outline.fields.get(column.name), outline.schema.get(column.name, {})
    if column.categories is not None:
        pool = np.arange(max(1, len(column.categories)), dtype=np.float64)
    elif column.type == "boolean":
        pool = np.array([0.0, 1.0])
    else:
        known = np.array(sorted({0.0, 1.0, -1.0, *constants.numbers.get(column.name, ())}))
        pool = _valid(_around(known, generator), column, own, schema)
    takes_missing = "missingValueReplacement" in schema or column.missing == "nan"
    gaps = [math.nan] * (1 + len(pool) // 8) if takes_missing and column.missing != "refused" else []
    return np.concatenate([pool, gaps])


def _around(known: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Constants, their neighbours, and what lies between the lowest and the highest."""
    import numpy as np

    beside = [np.nextafter(known, -np.inf), np.nextafter(known, np.inf)]
    return np.concatenate([known, *beside, generator.uniform(known[0], known[-1], 64), generator.standard_normal(64)])


def _valid(pool: np.ndarray, column: Column, own: DataField | None, schema: Mapping[str, str]) -> np.ndarray:
    """Of a pool what the field takes."""
    import numpy as np

    if column.type == "categorical" or (own is not None and own.data_type == "integer"):
        pool = np.unique(np.round(np.clip(pool, 0 if column.type == "categorical" else -(2.0**31), 2.0**31 - 1)))
    if own is None or schema.get("invalidValueTreatment", "returnInvalid") != "returnInvalid":
        return pool
    if own.values:
        return np.array([float(text) for text in own.values])
    if own.intervals:
        inside = pool[np.any([one.holds(pool) for one in own.intervals], axis=0)]
        ends = [end for one in own.intervals for end in (one.left, one.right) if math.isfinite(end)]
        return inside if len(inside) else np.array(ends or [0.0])
    return pool

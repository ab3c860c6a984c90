"""Golden rows: a few rows with what the forest gives them, by which a jar can test itself wherever it runs.

The bytes are those that java's Golden reads: how many rows, and by how many ULPs predictions may differ (two ints);
then the rows, their margins and their predictions, as float64. All little-endian.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from mlconvert_plugins.trees import probing
from mlconvert_plugins.trees.model import Forest
from mlconvert_plugins.trees.score import Scorer
from mlconvert_plugins.trees.tolerance import of

if TYPE_CHECKING:
    import numpy as np

_HEAD = struct.Struct("<ii")
# Thresholds are random bits, which no jar makes smaller.
_BYTES = 2048
_FEWEST, _MOST = 2, 64


def rows(forest: Forest, seed: int) -> bytes:
    """Rows at the forest's own thresholds and at the edges of float64, scored by the reference."""
    outputs = forest.outputs + max(len(forest.labels), forest.outputs if not forest.labels else 0)
    width = 8 * (len(forest.columns) + outputs)
    x = probing.few(forest, min(_MOST, max(_FEWEST, _BYTES // width)), seed)
    answer = Scorer(forest).run(x)
    prediction = answer["probability" if forest.labels else "prediction"]
    return _HEAD.pack(len(x), of(forest).ulps or 0) + b"".join(map(_bytes, (x, answer["margin"], prediction)))


def _bytes(values: np.ndarray) -> bytes:
    return values.astype("<f8").tobytes()


def count(content: bytes) -> int:
    """How many rows there are."""
    rows: int = _HEAD.unpack_from(content)[0] if len(content) >= _HEAD.size else 0
    return rows

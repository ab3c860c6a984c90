"""Times of many calls from a loop in the JVM itself: what crosses to it and back would be most of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray]
    # Nanoseconds of `rows`, one by one, or of `batches`, so many rounds of them.
    Ask = Callable[[str, int, Arrays], np.ndarray]

CLOCK = "{} for a batch of one, {} for more, by the JVM's own clock"


def times(ask: Ask, inputs: Sequence[Arrays], count: int) -> list[float]:
    """Seconds of `count` calls, as many on each set of inputs; sets of one row each are asked for together."""
    import numpy as np

    share = -(-count // len(inputs))
    if all(len(array) == 1 for one in inputs for array in one.values()):
        together = {name: np.concatenate([one[name] for one in inputs]) for name in inputs[0]}
        found = ask("rows", share, together).ravel()
    else:
        found = np.concatenate([ask("batches", share, one) for one in inputs])
    seconds: list[float] = (found[:count] * 1e-9).tolist()
    return seconds

"""Numbers that nyoka writes whole.

nyoka writes numbers with sixteen decimals: a weight of 1e-9 keeps seven digits. These know better how they are written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


class Exact(float):
    """A number that is written in the fewest digits which read back as the same float64, whatever the format asks."""

    def __format__(self, specification: str) -> str:
        return float.__repr__(self)

    __str__ = __repr__ = float.__repr__


def exact(values: Any) -> np.ndarray:
    """The same array, of such numbers."""
    import numpy as np

    plain = np.asarray(values, dtype=np.float64)
    found = np.empty(plain.shape, dtype=object)
    found.ravel()[:] = [Exact(value) for value in plain.ravel().tolist()]
    return found

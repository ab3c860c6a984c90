"""The one input of tabular runners: `x`, float64[n, columns]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError
from mlconvert.signature import Signature

if TYPE_CHECKING:
    import numpy as np


def rows(inputs: Mapping[str, np.ndarray], signature: Signature) -> np.ndarray:
    """The rows of `x`, C-contiguous. Raises ConversionError (`bad-input`) for another name, dtype or shape."""
    import numpy as np

    (tensor,) = signature.inputs
    unknown = [name for name in inputs if name != tensor.name]
    x = inputs.get(tensor.name)
    if x is None or unknown:
        raise _bad(f"its only input is {tensor.name}, not {', '.join(inputs) or 'nothing'}", tensor.name)
    columns = tensor.shape[1]
    if x.dtype != np.float64 or x.ndim != 2 or x.shape[1] != columns:
        raise _bad(f"{tensor.name} is {x.dtype}{list(x.shape)} and should be {tensor}", tensor.name)
    return np.ascontiguousarray(x)


def _bad(message: str, where: str) -> ConversionError:
    return ConversionError(
        message,
        code="bad-input",
        where=where,
        fix="give one float64 array, a row for each case, a column for each feature",
    )

"""Running sums and products along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value


@op("CumSum", since=(11, 14))
def cumsum(x: Value, axis: Value, *, exclusive: int = 0, reverse: int = 0) -> Value:
    """Of what comes before an entry, with the entry itself unless `exclusive`; `reverse` begins at the end."""
    return _along(tf.cumsum, x, axis, exclusive, reverse)


@op("CumProd", since=(26,))
def cumprod(x: Value, axis: Value, *, exclusive: int = 0, reverse: int = 0) -> Value:
    """See `cumsum`."""
    return _along(tf.math.cumprod, x, axis, exclusive, reverse)


def _along(function: Callable[..., Any], x: Value, axis: Value, exclusive: int, reverse: int) -> Value:
    if axis.constant is not None:
        place: Any = x.place(axis.constant.item())
        return x.map(lambda t: function(t, place, bool(exclusive), bool(reverse)))
    return Value(function(x.tensor, tf.reshape(axis.tensor, []), bool(exclusive), bool(reverse)))

"""Constants of a graph. Large ones stay numpy arrays until the graph is written, and pass through no message."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from mlconvert_plugins.tfgraph.lazy import np, tf

# Smaller constants stand in the graph, where TensorFlow's shape inference wants to read them.
SMALL = 1024


@dataclass
class Weights:
    """The large constants of a graph, by the name of the placeholder that stands in for each."""

    graph: Any
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


_COLLECTED: ContextVar[Weights] = ContextVar("collected")


@contextlib.contextmanager
def collected(graph: Any) -> Iterator[Weights]:
    """Collect the large constants that are made in this graph; those in bodies of its control flow stay there."""
    weights = Weights(graph)
    token = _COLLECTED.set(weights)
    try:
        yield weights
    finally:
        _COLLECTED.reset(token)


def constant(array: np.ndarray) -> tf.Tensor:
    """The array as a tensor of the graph being built, or as an eager one."""
    weights = _COLLECTED.get(None)
    large = array.nbytes >= SMALL and array.dtype != object
    if weights is None or not large or current_graph() is not weights.graph:
        return tf.constant(array, dtype=tf.dtypes.as_dtype(array.dtype))
    tensor = tf.compat.v1.placeholder(tf.dtypes.as_dtype(array.dtype), array.shape, name="weight")
    weights.arrays[tensor.op.name] = array
    return tensor


def current_graph() -> Any:
    """The graph that operations are added to; None where they run at once."""
    return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()

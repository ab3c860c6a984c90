"""Dropout."""

from __future__ import annotations

from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value

_RATIO = 0.5


@op("Dropout", since=(1, 6, 7, 10), ignores=("ratio", "consumed_inputs", "is_test"))
def dropout_1(x: Value, *, node: Node) -> tuple[Value, ...]:
    """Nothing at inference; a mask of all true."""
    return _kept(x, node)


@op("Dropout", since=(12, 13, 22), folds=False)
def dropout(
    x: Value, ratio: Value | None = None, training: Value | None = None, *, node: Node, seed: int | None = None
) -> tuple[Value, ...]:
    """Nothing at inference. In training each element is dropped with the probability `ratio`, the others grow by it."""
    if training is None or (training.constant is not None and not training.constant.item()):
        return _kept(x, node)
    share = tf.constant(_RATIO) if ratio is None else tf.cast(tf.reshape(ratio.tensor, []), tf.float32)
    share = tf.where(tf.reshape(training.tensor, []), share, 0.0)
    kept = tf.random.uniform(x.runtime_shape, seed=seed) >= share
    scaled = x.tensor / tf.cast(1.0 - share, x.dtype)
    return Value(tf.where(kept, scaled, tf.zeros([], x.dtype))), Value(kept)


def _kept(x: Value, node: Node) -> tuple[Value, ...]:
    return (x, Value(tf.ones_like(x.tensor, tf.bool))) if node.wants(1) else (x,)

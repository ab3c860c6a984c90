"""Random numbers. A seed makes TensorFlow's own sequence repeatable; no other library draws the same numbers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from mlconvert_plugins.tfgraph.kernels import FLOATS
from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.tensors import dtype_of
from mlconvert_plugins.tfgraph.values import Value, as_shape


def _seeds(seed: float | None) -> dict[str, int]:
    """TensorFlow's pair of seeds; two zeros draw a new one in each session."""
    if seed is None:
        return {"seed": 0, "seed2": 0}
    return {"seed": 1, "seed2": struct.unpack("<i", struct.pack("<f", seed))[0]}


def _drawn(draw: Callable[..., Any], shape: Any, dtype: tf.DType, seed: float | None, shift: float, by: float) -> Value:
    """`draw` scaled and shifted."""
    sizes = tf.cast(shape, tf.int64)
    drawn = draw(shape=sizes, dtype=dtype if dtype.name in FLOATS else tf.float32, **_seeds(seed))
    return Value(tf.cast(drawn * tf.cast(by, drawn.dtype) + tf.cast(shift, drawn.dtype), dtype))


@op("RandomUniform", since=(1, 22), folds=False)
def random_uniform(
    *, shape: Sequence[int], dtype: int = 1, high: float = 1.0, low: float = 0.0, seed: float | None = None
) -> Value:
    """From `low` to `high`."""
    return _drawn(tf.raw_ops.RandomUniform, list(shape), dtype_of(dtype), seed, low, high - low)


@op("RandomNormal", since=(1, 22), folds=False)
def random_normal(
    *, shape: Sequence[int], dtype: int = 1, mean: float = 0.0, scale: float = 1.0, seed: float | None = None
) -> Value:
    """Around `mean`, with the standard deviation `scale`."""
    return _drawn(tf.raw_ops.RandomStandardNormal, list(shape), dtype_of(dtype), seed, mean, scale)


@op("RandomUniformLike", since=(1, 22), folds=False)
def random_uniform_like(
    x: Value, *, dtype: int = 0, high: float = 1.0, low: float = 0.0, seed: float | None = None
) -> Value:
    """As many as there are elements."""
    kind = dtype_of(dtype) if dtype else x.dtype
    return _drawn(tf.raw_ops.RandomUniform, as_shape(x.sizes), kind, seed, low, high - low)


@op("RandomNormalLike", since=(1, 22), folds=False)
def random_normal_like(
    x: Value, *, dtype: int = 0, mean: float = 0.0, scale: float = 1.0, seed: float | None = None
) -> Value:
    """As many as there are elements."""
    kind = dtype_of(dtype) if dtype else x.dtype
    return _drawn(tf.raw_ops.RandomStandardNormal, as_shape(x.sizes), kind, seed, mean, scale)


@op("Bernoulli", since=(15, 22), folds=False)
def bernoulli(x: Value, *, dtype: int = 0, seed: float | None = None) -> Value:
    """1 with the probability that each element gives, else 0."""
    drawn = tf.raw_ops.RandomUniform(shape=tf.cast(as_shape(x.sizes), tf.int64), dtype=tf.float64, **_seeds(seed))
    return Value(tf.cast(drawn < tf.cast(x.tensor, tf.float64), dtype_of(dtype) if dtype else x.dtype))


@op("Multinomial", since=(7, 22), folds=False)
def multinomial(x: Value, *, node: Node, dtype: int = 6, sample_size: int = 1, seed: float | None = None) -> Value:
    """Classes drawn by their unnormalized log probabilities [batch, classes]."""
    kind = dtype_of(dtype)
    if kind not in (tf.int32, tf.int64):
        raise node.refusal(f"classes of type {kind.name} are not supported")
    logits = tf.cast(x.tensor, tf.float32) if x.dtype.size < 4 else x.tensor
    return Value(tf.raw_ops.Multinomial(logits=logits, num_samples=sample_size, output_dtype=kind, **_seeds(seed)))

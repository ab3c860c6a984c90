"""Attention as ONNX Runtime fuses it, in its common forms (docs/ContribOperators.md)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.ops.matmul import matmul
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value

_DOMAIN = "com.microsoft"
# What masks add where they hide, unless the node says otherwise.
_HIDDEN = -10000.0


@op(
    "Attention",
    since=(1,),
    domain=_DOMAIN,
    only={"do_rotary": (0,), "past_present_share_buffer": (0,)},
    ignores=("rotary_embedding_dim",),
)
def attention(
    x: Value,
    weights: Value,
    bias: Value | None = None,
    mask: Value | None = None,
    past: Value | None = None,
    summand: Value | None = None,
    *,
    num_heads: int,
    do_rotary: int = 0,
    past_present_share_buffer: int = 0,
    mask_filter_value: float = _HIDDEN,
    qkv_hidden_sizes: Sequence[int] = (),
    scale: float = 0.0,
    unidirectional: int = 0,
    node: Node,
) -> tuple[tf.Tensor, tf.Tensor | None]:
    """Queries, keys and values by one product; the last two, behind those of the past, are the second output."""
    product = matmul(x, weights).tensor
    if bias is not None:
        product += bias.tensor
    q, k, v = (_by_head(part, num_heads) for part in tf.split(product, list(qkv_hidden_sizes) or 3, -1))
    if past is not None:
        k, v = (tf.concat([old, new], 2) for old, new in zip(tf.unstack(past.tensor), (k, v), strict=True))
    present = tf.stack([k, v]) if node.wants(1) else None
    hidden = [] if mask is None else [_masked(mask, q, k, mask_filter_value, node)]
    added = [*hidden, *([] if summand is None else [summand.tensor])]
    return _attended(q, k, v, added, scale, unidirectional), present


@op("MultiHeadAttention", since=(1,), domain=_DOMAIN)
def multi_head_attention(
    query: Value,
    key: Value | None = None,
    value: Value | None = None,
    bias: Value | None = None,
    mask: Value | None = None,
    summand: Value | None = None,
    past_key: Value | None = None,
    past_value: Value | None = None,
    *,
    num_heads: int,
    mask_filter_value: float = _HIDDEN,
    scale: float = 0.0,
    unidirectional: int = 0,
    node: Node,
) -> tuple[tf.Tensor, ...]:
    """Of queries, keys and values that are there already; of three axes, or keys and values by head."""
    if key is None or value is None:
        raise node.refusal("packed queries, keys and values are not supported")
    parts = [query.tensor, key.tensor, value.tensor]
    if bias is not None:
        width = query.size(-1)
        sizes = [width, width, tf.size(bias.tensor, tf.int64) - 2 * width]
        summands = tf.split(bias.tensor, sizes, num=3)
        parts = [part + one if part.shape.rank == 3 else part for part, one in zip(parts, summands, strict=True)]
    q, k, v = (_by_head(part, num_heads) if part.shape.rank == 3 else part for part in parts)
    if past_key is not None and past_value is not None:
        k, v = tf.concat([past_key.tensor, k], 2), tf.concat([past_value.tensor, v], 2)
    hidden = [] if mask is None else [_masked(mask, q, k, mask_filter_value, node)]
    added = [*hidden, *([] if summand is None else [summand.tensor])]
    return _attended(q, k, v, added, scale, unidirectional), k, v


def _by_head(x: tf.Tensor, heads: int) -> tf.Tensor:
    """[batch, length, hidden] as [batch, heads, length, hidden / heads]."""
    shape = tf.shape(x)
    width = x.shape[-1] // heads if x.shape[-1] is not None else shape[-1] // heads
    return tf.transpose(tf.reshape(x, [shape[0], shape[1], heads, width]), (0, 2, 1, 3))


def _attended(
    q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, added: Sequence[tf.Tensor], scale: float, causal: int
) -> tf.Tensor:
    """[batch, length, hidden] of tensors by head. The scale is one over the root of the width by default."""
    factor = scale or 1 / math.sqrt(q.shape[-1])
    scores = tf.linalg.matmul(q * tf.cast(factor, q.dtype), k, transpose_b=True)
    for summand in added:
        scores += tf.cast(summand, scores.dtype)
    if causal:
        scores = tf.where(_is_past(q, k), scores, tf.cast(scores.dtype.min, scores.dtype))
    found = tf.transpose(tf.linalg.matmul(tf.nn.softmax(scores), v), (0, 2, 1, 3))
    shape = tf.shape(found)
    return tf.reshape(found, [shape[0], shape[1], found.shape[2] * found.shape[3]])


def _is_past(q: tf.Tensor, k: tf.Tensor) -> tf.Tensor:
    """Which keys a query may see: those up to its own place, the last query's being the last key's."""
    rows, columns = tf.shape(q)[2], tf.shape(k)[2]
    return tf.range(columns) <= tf.range(rows)[:, None] + columns - rows


def _masked(mask: Value, q: tf.Tensor, k: tf.Tensor, hidden: float, node: Node) -> tf.Tensor:
    """What to add to the scores: nothing where the mask is 1 (or a place lies before the row's length)."""
    seen = mask.tensor
    if mask.rank == 1:
        if mask.shape[0] is None or mask.shape[0] != q.shape[0]:
            raise node.refusal("a mask of lengths is supported for a batch that is known, and without starts")
        seen = tf.cast(tf.range(tf.shape(k)[2]) < seen[:, None], tf.int32)
    if mask.rank == 4:
        raise node.refusal("a mask of four axes is not supported")
    axes = {2: seen[:, None, None], 3: seen[:, None]}[seen.shape.rank]
    return (1 - tf.cast(axes, q.dtype)) * tf.cast(hidden, q.dtype)

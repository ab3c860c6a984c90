"""What ONNX Runtime's optimizer makes of several operators (its docs/ContribOperators.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mlconvert_plugins.tfgraph.broadcasting import elementwise
from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.nodes import Node
from mlconvert_plugins.tfgraph.ops.activation import gelu as onnx_gelu
from mlconvert_plugins.tfgraph.ops.convolution import CONV, conv
from mlconvert_plugins.tfgraph.ops.matmul import gemm, matmul
from mlconvert_plugins.tfgraph.ops.normalization import layer_normalization, rms_normalization
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value

_DOMAIN = "com.microsoft"


@op("Gelu", since=(1,), domain=_DOMAIN)
def gelu(x: Value) -> Value:
    """Gaussian error linear units."""
    return onnx_gelu(x)


@op("FastGelu", since=(1,), domain=_DOMAIN)
def fast_gelu(x: Value, bias: Value | None = None) -> Value:
    """Gelu by tanh, of the sum."""
    return onnx_gelu(_added(x, bias), approximate="tanh")


@op("BiasGelu", since=(1,), domain=_DOMAIN)
def bias_gelu(x: Value, bias: Value) -> Value:
    """Gelu of the sum."""
    return onnx_gelu(_added(x, bias))


@op("QuickGelu", since=(1,), domain=_DOMAIN)
def quick_gelu(x: Value, *, alpha: float = 1.702) -> Value:
    """x sigmoid(alpha x)."""
    return x.map(lambda t: t * tf.math.sigmoid(t * tf.cast(alpha, t.dtype)))


def _added(x: Value, *others: Value | None) -> Value:
    for other in others:
        x = x if other is None else elementwise(tf.math.add, x, other)
    return x


@op("FusedMatMul", since=(1,), domain=_DOMAIN)
def fused_matmul(
    a: Value,
    b: Value,
    *,
    alpha: float = 1.0,
    transA: int = 0,
    transB: int = 0,
    transBatchA: int = 0,
    transBatchB: int = 0,
) -> Value:
    """alpha A B, the sides turned first: the batch's axes one place on, then the last two among themselves."""
    first = _turned(_batches_turned(a) if transBatchA else a, transA)
    second = _turned(_batches_turned(b) if transBatchB else b, transB)
    found = matmul(first, second)
    return found if alpha == 1 else found.map(lambda t: t * tf.cast(alpha, t.dtype))


def _batches_turned(x: Value) -> Value:
    """[m, batch..., k] as [batch..., m, k]."""
    rank = x.rank
    return x.transposed((*range(1, rank - 1), 0, rank - 1))


def _turned(x: Value, flag: int) -> Value:
    rank = x.rank
    return x.transposed((*range(rank - 2), rank - 1, rank - 2)) if flag and rank > 1 else x


def _activation(node: Node, name: str, first: float | None, second: float | None) -> Callable[[Any], Any]:
    """The function behind a product, with the parameters that it takes."""
    alpha = {"LeakyRelu": 0.01, "HardSigmoid": 0.2}.get(name, 1.0) if first is None else first
    beta = 0.5 if second is None else second
    known: dict[str, Callable[[Any], Any]] = {
        "": lambda t: t,
        "Relu": tf.nn.relu,
        "Tanh": tf.math.tanh,
        "Sigmoid": tf.math.sigmoid,
        "LeakyRelu": lambda t: tf.nn.leaky_relu(t, alpha),
        "HardSigmoid": lambda t: tf.clip_by_value(t * alpha + beta, 0.0, 1.0),
        "Clip": lambda t: tf.clip_by_value(t, alpha, beta),
        "Gelu": tf.nn.gelu,
        "HardSwish": lambda t: t * tf.nn.relu6(t + 3) * (1 / 6),
    }
    if name not in known:
        raise node.refusal(f"activation={name} is not supported")
    return known[name]


@op("FusedGemm", since=(1,), domain=_DOMAIN, attributes=("alpha", "beta", "transA", "transB"))
def fused_gemm(
    a: Value,
    b: Value,
    c: Value | None = None,
    *,
    node: Node,
    activation: str = "",
    activation_alpha: float | None = None,
    activation_beta: float | None = None,
    **attributes: Any,
) -> Value:
    """Gemm and an activation."""
    return gemm(a, b, c, **attributes).map(_activation(node, activation, activation_alpha, activation_beta))


@op("FusedConv", since=(1,), domain=_DOMAIN, attributes=CONV)
def fused_conv(
    x: Value,
    w: Value,
    b: Value | None = None,
    z: Value | None = None,
    *,
    node: Node,
    activation: str = "",
    activation_params: Sequence[float] = (),
    **attributes: Any,
) -> Value:
    """A convolution, a summand and an activation."""
    first, second = [*activation_params, None, None][:2]
    return _added(conv(x, w, b, **attributes), z).map(_activation(node, activation, first, second))


@op("SkipLayerNormalization", since=(1,), domain=_DOMAIN)
def skip_layer_normalization(
    x: Value,
    skip: Value,
    gamma: Value,
    beta: Value | None = None,
    bias: Value | None = None,
    *,
    epsilon: float = 1e-12,
) -> tuple[Value, ...]:
    """Of the sum, which is an output too."""
    whole = _added(x, skip, bias)
    return *layer_normalization(whole, gamma, beta, epsilon=epsilon), whole


@op("SkipSimplifiedLayerNormalization", since=(1,), domain=_DOMAIN)
def skip_rms_normalization(
    x: Value, skip: Value, gamma: Value, bias: Value | None = None, *, node: Node, epsilon: float = 1e-12
) -> tuple[Value | None, ...]:
    """Of the sum, which is an output too."""
    if node.wants(1):
        raise node.refusal("the mean is not computed here")
    whole = _added(x, skip, bias)
    found, inverse = rms_normalization(whole, gamma, epsilon=epsilon)
    return found, None, inverse, whole


@op("EmbedLayerNormalization", since=(1,), domain=_DOMAIN, only={"mask_index_type": (0, 1)})
def embed_layer_normalization(
    ids: Value,
    segments: Value | None,
    words: Value,
    positions: Value,
    segment_embedding: Value | None,
    gamma: Value,
    beta: Value,
    mask: Value | None = None,
    position_ids: Value | None = None,
    *,
    epsilon: float = 1e-12,
    mask_index_type: int = 1,
) -> tuple[Value, Value, Value]:
    """The sum of the embeddings of words, places and segments, and how many places of each row the mask leaves."""
    if position_ids is None:
        placed = positions.tensor[: tf.shape(ids.tensor)[1]]
    else:
        placed = tf.gather(positions.tensor, position_ids.tensor)
    whole = tf.gather(words.tensor, ids.tensor) + placed
    if segments is not None and segment_embedding is not None:
        whole += tf.gather(segment_embedding.tensor, segments.tensor)
    counts = tf.zeros(tf.shape(ids.tensor)[:1], np.int32) if mask is None else tf.reduce_sum(mask.tensor, 1)
    return layer_normalization(Value(whole), gamma, beta, epsilon=epsilon)[0], Value(counts), Value(whole)

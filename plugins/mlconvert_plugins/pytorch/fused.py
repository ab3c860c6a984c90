"""Attention's fused operators in plain ones, where ONNX or torch's exporter has none for them.

They are defined by torch's native code (aten/src/ATen/native/transformers/attention.cpp and transformer.cpp), and
`scaled_dot_product` by the documentation of torch.nn.functional.scaled_dot_product_attention.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.export import ExportedProgram


def with_plain_attention(program: ExportedProgram) -> ExportedProgram:
    """The program without scaled dot products of another rank than 4, the one that torch's exporter knows."""
    import torch

    product = torch.ops.aten.scaled_dot_product_attention.default
    uses = [node for node in program.graph.nodes if node.target is product]
    if all(node.args[0].meta["val"].ndim == 4 for node in uses):
        return program
    plain: ExportedProgram = program.run_decompositions({product: scaled_dot_product})
    return plain


def scaled_dot_product(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Optional[Tensor] = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: Optional[float] = None,
    enable_gqa: bool = False,
) -> Any:
    """`aten::scaled_dot_product_attention` of [..., length, width] as the same of rank 4, leading axes made one."""
    import torch

    if query.ndim == 4 or enable_gqa:
        return NotImplemented
    shapes = (tensor.shape[:-2] for tensor in (query, key, value))
    lead = torch.broadcast_shapes(*shapes)  # type: ignore[no-untyped-call]

    def flat(x: Tensor) -> Tensor:
        return x.expand(*lead, *x.shape[-2:]).reshape(-1, 1, *x.shape[-2:])

    mask = None if attn_mask is None else flat(attn_mask)
    product = torch.nn.functional.scaled_dot_product_attention
    out = product(flat(query), flat(key), flat(value), mask, dropout_p, is_causal, scale=scale)
    return out.reshape(*lead, query.shape[-2], value.shape[-1])


def unfuse(module: torch.fx.GraphModule) -> None:
    """Put plain operators in place of the fused ones, where a graph has any."""
    import torch

    plain: dict[Any, Callable[..., Any]] = {
        torch.ops.aten._native_multi_head_attention.default: attention,
        torch.ops.aten._transformer_encoder_layer_fwd.default: encoder_layer,
    }
    for node in module.graph.nodes:
        if node.op == "call_function" and node.target in plain:
            node.target = plain[node.target]
    module.recompile()


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim: int,
    num_head: int,
    qkv_weight: Tensor,
    qkv_bias: Tensor,
    proj_weight: Tensor,
    proj_bias: Tensor,
    mask: Optional[Tensor] = None,
    need_weights: bool = True,
    average_attn_weights: bool = True,
    mask_type: Optional[int] = None,
) -> tuple[Tensor, Tensor]:
    """`aten::_native_multi_head_attention`: [batch, length, width] in and out, and the attention's weights.

    A mask is true where nothing is attended to: [length, length] (type 0), [batch, length] of keys (1) or whole (2).
    """
    from torch.nn.functional import linear, softmax

    weights, biases = qkv_weight.chunk(3), qkv_bias.chunk(3)
    q, k, v = (
        linear(x, weight, bias).reshape(*x.shape[:2], num_head, -1).transpose(1, 2)
        for x, weight, bias in zip((query, key, value), weights, biases, strict=True)
    )
    scores = (q / math.sqrt(embed_dim // num_head)) @ k.transpose(-2, -1)
    if mask is not None:
        hidden = mask[:, None, None, :] if mask_type == 1 else mask
        scores = scores.masked_fill(hidden.bool(), -math.inf)
    attended = softmax(scores, -1)
    out = linear((attended @ v).transpose(1, 2).flatten(2), proj_weight, proj_bias)
    if not need_weights:
        return out, out.new_empty(0)
    return out, attended.mean(1) if average_attn_weights else attended


def encoder_layer(
    src: Tensor,
    embed_dim: int,
    num_heads: int,
    qkv_weight: Tensor,
    qkv_bias: Tensor,
    proj_weight: Tensor,
    proj_bias: Tensor,
    use_gelu: bool,
    norm_first: bool,
    eps: float,
    norm_weight_1: Tensor,
    norm_bias_1: Tensor,
    norm_weight_2: Tensor,
    norm_bias_2: Tensor,
    ffn_weight_1: Tensor,
    ffn_bias_1: Tensor,
    ffn_weight_2: Tensor,
    ffn_bias_2: Tensor,
    mask: Optional[Tensor] = None,
    mask_type: Optional[int] = None,
) -> Tensor:
    """`aten::_transformer_encoder_layer_fwd`: attention and a feed-forward, each with a norm before or after it."""
    from torch.nn.functional import gelu, layer_norm, linear, relu

    def first(x: Tensor) -> Tensor:
        return layer_norm(x, (embed_dim,), norm_weight_1, norm_bias_1, eps)

    def second(x: Tensor) -> Tensor:
        return layer_norm(x, (embed_dim,), norm_weight_2, norm_bias_2, eps)

    def attend(x: Tensor) -> Tensor:
        projections = qkv_weight, qkv_bias, proj_weight, proj_bias
        return attention(x, x, x, embed_dim, num_heads, *projections, mask, False, True, mask_type)[0]

    def feed(x: Tensor) -> Tensor:
        inner = linear(x, ffn_weight_1, ffn_bias_1)
        return linear(gelu(inner) if use_gelu else relu(inner), ffn_weight_2, ffn_bias_2)

    if norm_first:
        src = src + attend(first(src))
        return src + feed(second(src))
    src = first(src + attend(src))
    return second(src + feed(src))

"""ONNX Runtime's fused operators, held against ONNX Runtime itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check

GENERATOR = np.random.default_rng(0)


def noise(*shape: int) -> np.ndarray:
    return GENERATOR.standard_normal(shape).astype(np.float32)


WEIGHTS = {
    "b": noise(8),
    "m": noise(8, 6),
    "t": noise(6, 8),
    "gamma": noise(8),
    "beta": noise(8),
    "kernel": noise(3, 3, 3, 3),
    "kb": noise(3),
}
# By name: the size of the last axis, the weights, the nodes.
NODES = {
    "gelus": (8, ["b"], "a = com.microsoft.Gelu(x) c = com.microsoft.FastGelu(a, b) "
              "d = com.microsoft.BiasGelu(c, b) y = com.microsoft.QuickGelu<alpha=1.5>(d)"),
    "matmul": (6, ["t"], "y = com.microsoft.FusedMatMul<alpha=0.5, transB=1>(x, t)"),
    "skip": (8, ["gamma", "beta", "b"], "y, mean, inverse, sum = "
             "com.microsoft.SkipLayerNormalization<epsilon=0.001>(x, x, gamma, beta, b)"),
    "rms": (8, ["gamma", "b"], "y = com.microsoft.SkipSimplifiedLayerNormalization<epsilon=0.001>(x, x, gamma, b)"),
}  # fmt: skip
DOMAINS = {"domains": ', "com.microsoft" : 1'}


@pytest.mark.parametrize("name", NODES)
def test_fused_operators(name: str, tmp_path: Path) -> None:
    size, weights, nodes = NODES[name]
    text = f"g (float[n,5,8] x) => (float[n,5,{size}] y) {{ {nodes} }}"
    check(tmp_path, text, {"x": noise(2, 5, 8)}, **DOMAINS, **{key: WEIGHTS[key] for key in weights})


@pytest.mark.parametrize(
    ("activation", "parameters"),
    [("Relu", ""), ("LeakyRelu", ", activation_params=[0.2]"), ("Clip", ", activation_params=[-0.5,0.5]")],
)
def test_a_convolution_with_its_activation(activation: str, parameters: str, tmp_path: Path) -> None:
    text = f"""g (float[n,3,6,6] x) => (float[n,3,6,6] y) {{
        y = com.microsoft.FusedConv<activation="{activation}", pads=[1,1,1,1]{parameters}>(x, kernel, kb)
    }}"""
    check(tmp_path, text, {"x": noise(2, 3, 6, 6)}, **DOMAINS, kernel=WEIGHTS["kernel"], kb=WEIGHTS["kb"])


def test_a_product_with_its_activation(tmp_path: Path) -> None:
    text = """g (float[n,8] x) => (float[n,6] y) {
        y = com.microsoft.FusedGemm<activation="LeakyRelu", activation_alpha=0.3, transB=1>(x, t)
    }"""
    check(tmp_path, text, {"x": noise(3, 8)}, **DOMAINS, t=WEIGHTS["t"])


def test_embeddings_are_summed_and_normalized(tmp_path: Path) -> None:
    text = """g (int32[n,l] ids, int32[n,l] segments, int32[n,l] mask) => (float[n,l,8] y, int32[n] lengths) {
        y, lengths = com.microsoft.EmbedLayerNormalization(ids, segments, words, places, kinds, gamma, beta, mask)
    }"""
    inputs = {
        "ids": np.array([[1, 2, 3], [4, 0, 0]], np.int32),
        "segments": np.array([[0, 1, 1], [0, 0, 0]], np.int32),
        "mask": np.array([[1, 1, 1], [1, 0, 0]], np.int32),
    }
    tables = {"words": noise(5, 8), "places": noise(4, 8), "kinds": noise(2, 8)}
    check(tmp_path, text, inputs, **DOMAINS, **tables, gamma=WEIGHTS["gamma"], beta=WEIGHTS["beta"])


@pytest.mark.parametrize("causal", [0, 1])
def test_attention(causal: int, tmp_path: Path) -> None:
    text = f"""g (float[n,l,8] x, int32[n,l] mask) => (float[n,l,8] y, float[2,n,2,l,4] present) {{
        y, present = com.microsoft.Attention<num_heads=2, unidirectional={causal}>(x, w, wb, mask)
    }}"""
    inputs = {"x": noise(2, 4, 8), "mask": np.array([[1, 1, 1, 1], [1, 1, 0, 0]], np.int32)}
    check(tmp_path, text, inputs, **DOMAINS, w=noise(8, 24), wb=noise(24))


def test_attention_of_given_queries_keys_and_values(tmp_path: Path) -> None:
    text = """g (float[n,l,8] q, float[n,s,8] k, float[n,s,8] v, float[n,2,p,4] pk, float[n,2,p,4] pv)
        => (float[n,l,8] y, float[n,2,t,4] keys, float[n,2,t,4] values) {
        y, keys, values = com.microsoft.MultiHeadAttention<num_heads=2>(q, k, v, bias, , , pk, pv)
    }"""
    inputs = {
        "q": noise(2, 3, 8),
        "k": noise(2, 3, 8),
        "v": noise(2, 3, 8),
        "pk": noise(2, 2, 5, 4),
        "pv": noise(2, 2, 5, 4),
    }
    check(tmp_path, text, inputs, **DOMAINS, bias=noise(24))

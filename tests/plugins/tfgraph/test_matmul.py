"""Matrix products, of vectors too, and sums of products by letters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from savedmodels import check


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize(("a", "b", "y"), [("k", "k", ""), ("k", "n,k,m", "n,m"), ("n,m,k", "k", "n,m")])
def test_vectors_are_rows_and_columns(a: str, b: str, y: str, tmp_path: Path) -> None:
    sizes = {"k": 4, "m": 3, "n": 2}
    inputs = {name: noise(*(sizes[axis] for axis in axes.split(","))) for name, axes in (("a", a), ("b", b))}
    shape = f"float[{y}]" if y else "float"
    check(tmp_path, f"g (float[{a}] a, float[{b}] b) => ({shape} y) {{ y = MatMul(a, b) }}", inputs)


@pytest.mark.parametrize(
    ("equation", "shapes", "y"),
    [
        ("b i j, b j k -> b k i", ("b,2,3", "b,3,4"), "b,4,2"),
        ("...ii->...i", ("b,3,3",), "b,3"),
        ("ij,j", ("2,3", "3"), "2"),
    ],
)
def test_sums_of_products(equation: str, shapes: tuple[str, ...], y: str, tmp_path: Path) -> None:
    names = "vw"[: len(shapes)]
    slots = ", ".join(f"float[{shape}] {name}" for name, shape in zip(names, shapes, strict=True))
    inputs = {n: noise(*map(int, shape.replace("b", "5").split(","))) for n, shape in zip(names, shapes, strict=True)}
    text = f'g ({slots}) => (float[{y}] y) {{ y = Einsum<equation="{equation}">({", ".join(names)}) }}'
    check(tmp_path, text, inputs)

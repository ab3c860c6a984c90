"""Matrix products."""

from __future__ import annotations

from mlconvert_plugins.tfgraph.broadcasting import elementwise
from mlconvert_plugins.tfgraph.kernels import WIDE_FLOATS, widened
from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.registry import op
from mlconvert_plugins.tfgraph.values import Value, as_shape, reshaped

# Sums of many products are kept in float32 at least, as ONNX and its runtime have them.
_KERNELS = ("float32", "float64", "int32", "int64", "complex64", "complex128")


@op("MatMul", since=(1, 9, 13))
def matmul(a: Value, b: Value) -> Value:
    """numpy's matmul: vectors count as a row and a column, outer axes are stretched."""
    if a.rank > 1 and b.rank > 1:
        return product(a, b)
    row = a if a.rank > 1 else Value.of(a.tensor[None])
    column = b if b.rank > 1 else Value.of(b.tensor[:, None])
    return Value.of(tf.squeeze(product(row, column).tensor, [-2] * (a.rank == 1) + [-1] * (b.rank == 1)))


def product(a: Value, b: Value) -> Value:
    """The product of matrices, or stacks of them. One matrix on the right takes a stack as one tall matrix."""
    if a.rank > 2 and b.rank == 2:
        flat = tf.reshape(a.tensor, as_shape([-1, a.size(-1)]))
        sizes = [*a.sizes[:-1], b.size(-1)]
        return Value(reshaped(product(Value(flat), b).tensor, sizes))
    first, flip_first = _flipped(a)
    second, flip_second = _flipped(b)
    multiply = widened(lambda x, y: tf.linalg.matmul(x, y, flip_first, flip_second), _KERNELS)
    return Value(multiply(first, second))


def _flipped(value: Value) -> tuple[tf.Tensor, bool]:
    """The tensor as it lies where its last two axes are swapped, which the product itself can undo."""
    rank = value.rank
    swapped = (*range(rank - 2), rank - 1, rank - 2)
    return (value.laid(swapped), True) if value.layout == swapped else (value.tensor, False)


@op("Gemm", since=(7, 9, 11, 13), ignores=("broadcast",))
def gemm(
    a: Value,
    b: Value,
    c: Value | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Value:
    """alpha A B + beta C."""
    found = product(a.transposed((1, 0)) if transA else a, b.transposed((1, 0)) if transB else b)
    found = _scaled(found, alpha)
    return found if c is None else elementwise(tf.math.add, found, _scaled(c, beta))


def _scaled(value: Value, factor: float) -> Value:
    if factor == 1:
        return value
    if value.constant is not None:
        return Value(constant=(value.constant * np.asarray(factor)).astype(value.constant.dtype))
    if value.dtype.is_floating:
        return value.map(lambda t: t * tf.cast(factor, t.dtype))
    return value.map(lambda t: tf.cast(tf.cast(t, tf.float64) * factor, t.dtype))


@op("Det", since=(11, 22))
def determinant(x: Value) -> Value:
    """Of matrices."""
    return Value.of(widened(tf.linalg.det, WIDE_FLOATS)(x.tensor))


@op("Einsum", since=(12, 28))
def einsum(*values: Value, equation: str) -> Value:
    """Sums of products by the letters of the axes."""
    compute = widened(lambda *tensors: tf.einsum(equation.replace(" ", ""), *tensors), _KERNELS)
    return Value.of(compute(*(value.tensor for value in values)))

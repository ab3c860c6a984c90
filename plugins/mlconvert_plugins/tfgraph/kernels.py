"""Types for which TensorFlow has no kernel on the CPU: computed in a type that holds every value, and brought back."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from mlconvert_plugins.tfgraph.lazy import tf
from mlconvert_plugins.tfgraph.values import Value

FLOATS = ("float32", "float64", "float16", "bfloat16")
WIDE_FLOATS = ("float32", "float64")
# For each type those that hold all of its values, the cheapest first.
_WIDER = {
    "float16": ("float32", "float64"),
    "bfloat16": ("float32", "float64"),
    "float32": ("float64",),
    "int8": ("int16", "int32", "int64", "float32", "float64"),
    "uint8": ("int16", "uint16", "int32", "int64", "float32", "float64"),
    "int16": ("int32", "int64", "float32", "float64"),
    "uint16": ("int32", "uint32", "int64", "float32", "float64"),
    "int32": ("int64", "float64"),
    "uint32": ("int64", "uint64", "float64"),
    "int64": (),
    "uint64": (),
    "bool": ("uint8", "int8", "int32", "float32"),
}


def wide_enough(dtype: tf.DType, kernels: Collection[str]) -> tf.DType:
    """The type itself where there is a kernel for it, else the cheapest wider one; the type itself in want of any."""
    names = (dtype.name, *_WIDER.get(dtype.name, ()))
    return tf.dtypes.as_dtype(next((name for name in names if name in kernels), dtype.name))


def widened(function: Callable[..., Any], kernels: Collection[str]) -> Callable[..., Any]:
    """The function, also for types that are not among those of its kernels; the result has the first tensor's type."""

    def of_tensors(*tensors: tf.Tensor) -> tf.Tensor:
        dtype = tensors[0].dtype
        wide = wide_enough(dtype, kernels)
        if wide == dtype:
            return function(*tensors)
        return tf.cast(function(*(tf.cast(tensor, wide) for tensor in tensors)), dtype)

    return of_tensors


def mapped(x: Value, function: Callable[..., Any], kernels: Collection[str] = FLOATS) -> Value:
    """`Value.map`, with kernels for these types alone."""
    return x.map(widened(function, kernels))

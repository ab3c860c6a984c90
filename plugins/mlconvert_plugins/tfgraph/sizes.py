"""Arithmetic on sizes: what Shape, Gather, Concat and their like make of shapes is computed entry by entry.

So a shape that is known but for its batch stays known but for its batch, and becomes no chain of operations.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlconvert_plugins.tfgraph.lazy import np, tf
from mlconvert_plugins.tfgraph.values import Value


def computed(op: str, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Value | None:
    """The node's result, where all of its inputs are known entry by entry and not all are constants; else None."""
    rule = _RULES.get(op)
    if rule is None or not all(isinstance(value, Value) for value in inputs):
        return None
    if all(value.constant is not None for value in inputs):
        return None
    entries = [value.elements for value in inputs]
    if any(one is None for one in entries) or inputs[0].dtype not in (tf.int64, tf.int32):
        return None
    found = rule(*entries, **attributes)
    return None if found is None else of_entries(found, inputs[0].dtype)


def of_entries(entries: Any, dtype: Any) -> Value:
    """A small vector or scalar by its entries: a constant where all are known."""
    array = entries if isinstance(entries, np.ndarray) else _objects(entries)
    if all(isinstance(entry, int) for entry in array.flat):
        return Value(constant=array.astype(dtype.as_numpy_dtype))
    return Value(elements=array, dtype=dtype)


def _objects(entries: Any) -> np.ndarray:
    """A scalar or list as an array, whose tensors numpy would else try to read."""
    array = np.empty((len(entries),) if isinstance(entries, list) else (), dtype=object)
    if isinstance(entries, list):
        for place, entry in enumerate(entries):
            array[place] = entry
    else:
        array[()] = entries
    return array


def _gather(data: np.ndarray, indices: np.ndarray, *, axis: int = 0) -> Any:
    if data.ndim != 1 or not _known(indices):
        return None
    return np.take(data, indices.astype(np.int64), axis=0)


def _concat(*parts: np.ndarray, axis: int = 0) -> Any:
    return np.concatenate(parts) if all(part.ndim == 1 for part in parts) else None


def _slice(data: np.ndarray, starts: np.ndarray, ends: np.ndarray, axes: Any = None, steps: Any = None) -> Any:
    rest = [one for one in (starts, ends, steps) if one is not None]
    if data.ndim != 1 or not all(one.size == 1 and _known(one) for one in rest):
        return None
    step = 1 if steps is None else int(steps.item())
    start, end = int(starts.item()), int(ends.item())
    if step < 0:
        return None
    return data[start:end:step]


def _squeeze(data: np.ndarray, axes: Any = None, **_: Any) -> Any:
    return data.reshape(()) if data.size == 1 else None


def _unsqueeze(data: np.ndarray, axes: Any = None, **_: Any) -> Any:
    return data.reshape(1) if data.ndim == 0 else None


def _reshape(data: np.ndarray, shape: np.ndarray, **_: Any) -> Any:
    if not _known(shape) or shape.size > 1 or (shape.size == 0) != (data.size == 1 and shape.size == 0):
        return None
    return data.reshape(tuple(int(size) for size in shape.flat)) if 0 not in shape.tolist() else None


def _product(data: np.ndarray, axes: Any = None, *, keepdims: int = 1, **_: Any) -> Any:
    if data.ndim != 1:
        return None
    product = functools.reduce(_pair(operator.mul), data.tolist(), 1)
    return [product] if keepdims else product


def _divided(one: Any, other: Any) -> Any:
    """ONNX's Div of integers cuts toward zero. None where that is no matter of sizes."""
    if not isinstance(other, int) or other <= 0 or (isinstance(one, int) and one < 0):
        return None
    return one // other if isinstance(one, int) else tf.truncatediv(one, tf.constant(other, one.dtype))


def _pair(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The function of two entries, of which tensors are brought to one type."""

    def of_entries(one: Any, other: Any) -> Any:
        if isinstance(one, int) and isinstance(other, int):
            return function(one, other)
        return function(*(entry if isinstance(entry, int) else tf.cast(entry, tf.int64) for entry in (one, other)))

    return of_entries


def _each(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """The rule that applies a function to each pair of entries."""

    def rule(one: np.ndarray, other: np.ndarray, **_: Any) -> Any:
        if one.ndim and other.ndim and 1 not in one.shape + other.shape and one.shape != other.shape:
            return None
        first, second = np.broadcast_arrays(one, other)
        found = np.empty(first.shape, dtype=object)
        for place in np.ndindex(first.shape):
            entry = _pair(function)(first[place], second[place])
            if entry is None:
                return None
            found[place] = entry
        return found

    return rule


def _known(entries: np.ndarray) -> bool:
    return all(isinstance(entry, int) for entry in entries.flat)


_RULES: dict[str, Callable[..., Any]] = {
    "Gather": _gather,
    "Concat": _concat,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Reshape": _reshape,
    "ReduceProd": _product,
    "Add": _each(operator.add),
    "Sub": _each(operator.sub),
    "Mul": _each(operator.mul),
    "Div": _each(_divided),
}

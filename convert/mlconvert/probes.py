"""Inputs for parity, drawn from a signature: every named dim at its ends, values from a seeded law."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Optional

from mlconvert import tokens
from mlconvert.errors import ConversionError
from mlconvert.signature import DimRange, Signature, Tensor, evaluate

if TYPE_CHECKING:
    import numpy as np

# What the inputs of one probe may take. Beyond it, sizes are brought down toward min, and the probe's label says so.
BUDGET = 256 * 2**20


@dataclass(frozen=True)
class Probe:
    """One set of inputs. `sizes` are those of the named dims; `label` says where in their ranges they lie.

    `facts` are what the report should say of the inputs so far (which share of a forest's leaves they reach).
    """

    label: str
    sizes: Mapping[str, int]
    inputs: Mapping[str, np.ndarray]
    facts: Mapping[str, str] = field(default_factory=dict)


def draw(signature: Signature, seed: int, budget: int = BUDGET) -> Iterator[Probe]:
    """Probes with all dims at min, opt and max together, each dim alone at its ends, and opt drawn twice.

    Two draws at equal sizes are what shows whether an output depends on its inputs at all.
    """
    import numpy as np

    for number, (label, sizes) in enumerate(_sizes(signature)):
        fitted = _within(signature, sizes, budget)
        generator = np.random.default_rng([seed, number])
        inputs = _drawn(signature, fitted, generator)
        yield Probe(label if fitted == sizes else f"{label} (within memory)", fitted, inputs)


def _sizes(signature: Signature) -> Iterator[tuple[str, dict[str, int]]]:
    ranges = {name: signature.range_of(name) for name in signature.names()}
    opt = {name: r.opt for name, r in ranges.items()}
    seen = [opt]
    yield "opt", opt
    yield "opt again", opt
    corners = [("min", {name: r.min for name, r in ranges.items()}), ("max", {n: top(r) for n, r in ranges.items()})]
    for name, r in ranges.items():
        corners += [(f"{name} at min", {**opt, name: r.min}), (f"{name} at max", {**opt, name: top(r)})]
    for label, sizes in corners:
        if sizes not in seen:
            seen.append(sizes)
            yield label, sizes


def top(r: DimRange) -> int:
    """The largest size to try: max, or for an open one a size beyond opt that is no multiple of it."""
    return r.max if r.max is not None else 2 * r.opt + 1


def _within(signature: Signature, sizes: Mapping[str, int], budget: int) -> dict[str, int]:
    """The sizes, halved toward each dim's min, largest first, until the inputs fit the budget."""
    fitted = dict(sizes)
    while sum(8 * _count(tensor, fitted) for tensor in signature.inputs) > budget:
        room = {name: size - signature.range_of(name).min for name, size in fitted.items()}
        widest = max(room, key=lambda name: room[name], default=None)
        if widest is None or room[widest] <= 0:
            break
        fitted[widest] -= (room[widest] + 1) // 2
    return fitted


def _drawn(signature: Signature, sizes: Mapping[str, int], generator: np.random.Generator) -> dict[str, np.ndarray]:
    """What a language model takes as its tokenizer would fill it, all else each by itself."""
    shapes = {tensor.name: shape_of(tensor, sizes) for tensor in signature.inputs}
    told = tokens.draw(signature, shapes, generator)
    return {
        tensor.name: told[tensor.name].astype(numpy_dtype(tensor.dtype))
        if tensor.name in told
        else draw_tensor(tensor, sizes, generator)
        for tensor in signature.inputs
    }


def _count(tensor: Tensor, sizes: Mapping[str, int]) -> int:
    count = 1
    for size in shape_of(tensor, sizes):
        count *= size
    return count


def shape_of(tensor: Tensor, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The tensor's shape for the given sizes. Raises ConversionError for a dim that cannot be known."""
    shape = tuple(evaluate(dim, sizes) for dim in tensor.shape)
    if any(size is None or size < 0 for size in shape):
        raise ConversionError(
            f"the shape of input {tensor.name!r} is not known: {tensor}",
            code="unknown-shape",
            where=tensor.name,
            fix=f"give it with --input '{tensor.name}:{tensor.dtype}[…]' and --dim for its names",
        )
    return tuple(size for size in shape if size is not None)


def draw_tensor(tensor: Tensor, sizes: Mapping[str, int], generator: np.random.Generator) -> np.ndarray:
    """Values of the tensor's dtype: its range where it has one, else N(0, 1) for floats and 0..1 for integers."""
    import numpy as np

    shape = shape_of(tensor, sizes)
    if tensor.dtype == "bool":
        return generator.random(shape) < 0.5
    if "int" in tensor.dtype:
        low, high = tensor.range or (0, 1)
        return generator.integers(int(low), int(high), shape, endpoint=True).astype(numpy_dtype(tensor.dtype))
    if tensor.dtype == "string":
        return generator.integers(0, 1000, shape).astype(str).astype(object)
    values = generator.standard_normal(shape) if tensor.range is None else generator.uniform(*tensor.range, shape)
    if tensor.dtype.startswith("complex"):
        values = values + 1j * generator.standard_normal(shape)
    return np.asarray(values).astype(numpy_dtype(tensor.dtype))


def numpy_dtype(name: str) -> np.dtype:
    """numpy's dtype of that name; bfloat16 and those of 8 and 4 bits come from ml_dtypes, which onnx brings along."""
    import numpy as np

    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        found: np.dtype = np.dtype(getattr(ml_dtypes, name))
        return found


def single(signature: Signature, seed: int, label: str = "opt") -> Optional[Probe]:
    """The first probe of that label, or None."""
    return next((probe for probe in draw(signature, seed) if probe.label.startswith(label)), None)

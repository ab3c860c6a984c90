"""Optimization profiles: the smallest, usual and largest shape of every input, from the signature's dims."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from mlconvert.errors import Refusal
from mlconvert.signature import Dim, Signature, Tensor, evaluate, names_in

Sizes = tuple[int, ...]
# Beyond this many names in one expression only the ends taken together are tried, not every combination.
_CORNERS = 6


@dataclass(frozen=True)
class Range:
    """What a profile says about one input: its shapes, or with `values` the values of a tensor that is a shape."""

    min: Sizes
    opt: Sizes
    max: Sizes


def refusals(signature: Signature) -> Iterator[Refusal]:
    """Every dim of an input that no profile can be made of: unknown, or without an end."""
    for tensor in signature.inputs:
        for number, dim in enumerate(tensor.shape):
            if dim is None:
                yield _unknown(tensor, number)
    for name in signature.names():
        size = signature.range_of(name)
        if size.max is None:
            yield Refusal(
                "open-dim",
                f"dim {name!r} has no largest size, and TensorRT needs one",
                where=name,
                fix=f"--dim {name}={size.min}:{max(size.opt, 8)}:{max(4 * size.opt, 32)}",
            )
    if not any(signature.range_of(name).max is None for name in signature.names()):
        yield from _impossible(signature)


def _unknown(tensor: Tensor, number: int) -> Refusal:
    dims = ["?" if dim is None else str(dim) for dim in tensor.shape]
    dims[number] = f"d{number}"
    return Refusal(
        "unknown-dim",
        f"dim {number} of input {tensor.name!r} has no name, so its sizes cannot be given",
        where=tensor.name,
        fix=f"--input '{tensor.name}:{tensor.dtype}[{','.join(dims)}]' --dim d{number}=1:8:32",
    )


def _impossible(signature: Signature) -> Iterator[Refusal]:
    """Expressions that give no size, or one below zero, somewhere in their names' ranges."""
    for tensor in signature.inputs:
        for dim in tensor.shape:
            if isinstance(dim, str) and any(size is None or size < 0 for size in _corners(dim, signature)):
                yield Refusal(
                    "impossible-dim",
                    f"dim {dim!r} of input {tensor.name!r} is no size at some of the sizes of its names",
                    where=tensor.name,
                    fix="narrow the names' ranges with --dim",
                )


def range_of(tensor: Tensor, signature: Signature) -> Range:
    """The shapes of an input. The signature must be one for which `refusals` is empty."""
    ends = [_ends(dim, signature) for dim in tensor.shape]
    return Range(*(tuple(sizes) for sizes in zip(*ends, strict=True))) if ends else Range((), (), ())


def values_of(tensor: Tensor, signature: Signature) -> Range | None:
    """The values of an input that is a shape, every element alike; None where the signature does not bound them."""
    if tensor.range is None or any(not isinstance(dim, int) for dim in tensor.shape):
        return None
    count = 1
    for dim in tensor.shape:
        count *= int(dim or 0)
    low, high = int(tensor.range[0]), int(tensor.range[1])
    return Range((low,) * count, ((low + high) // 2,) * count, (high,) * count)


def _ends(dim: Dim, signature: Signature) -> tuple[int, int, int]:
    if isinstance(dim, int):
        return dim, dim, dim
    sizes = [size for size in _corners(dim, signature) if size is not None]
    opt = evaluate(dim, {name: signature.range_of(name).opt for name in names_in(dim)})
    low, high = min(sizes), max(sizes)
    return low, min(max(low, opt if opt is not None else low), high), high


def _corners(dim: Dim, signature: Signature) -> list[int | None]:
    """The dim's sizes at the ends of its names' ranges."""
    names = names_in(dim)
    ends = [(signature.range_of(name).min, signature.range_of(name).max or 0) for name in names]
    corners = itertools.product(*ends) if len(names) <= _CORNERS else zip(*ends, strict=True)
    return [evaluate(dim, dict(zip(names, corner, strict=True))) for corner in corners]

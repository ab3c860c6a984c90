"""Whether the arrays that a caller gives are the inputs that a model takes."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mlconvert.errors import Refusal, refuse
from mlconvert.signature import Tensor

if TYPE_CHECKING:
    import numpy as np


def check(tensors: Sequence[Tensor], inputs: Mapping[str, np.ndarray], optional: Collection[str] = ()) -> None:
    """Hold `inputs` against the model's `tensors`: names, dtypes, ranks and fixed dims.

    Names in `optional` need not be given. Raises ConversionError with everything that is wrong: `unknown-input`,
    `missing-input`, `wrong-dtype`, `wrong-rank`, `wrong-shape`.
    """
    refuse(_problems(tensors, inputs, optional), where="inputs")


def _problems(
    tensors: Sequence[Tensor], inputs: Mapping[str, np.ndarray], optional: Collection[str]
) -> Iterator[Refusal]:
    known = {tensor.name: tensor for tensor in tensors}
    for name in (one for one in inputs if one not in known and one not in optional):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        listed = ", ".join(known) or "none"
        yield Refusal("unknown-input", f"the model has no input {name!r}{hint}", name, f"its inputs are: {listed}")
    for tensor in tensors:
        if tensor.name not in inputs:
            if tensor.name not in optional:
                yield Refusal("missing-input", f"input {tensor.name!r} is not given", tensor.name, f"it is {tensor}")
        else:
            yield from _mismatch(tensor, inputs[tensor.name])


def _mismatch(tensor: Tensor, array: np.ndarray) -> Iterator[Refusal]:
    name, fix = tensor.name, f"it is {tensor}"
    if _dtype(array) != tensor.dtype:
        yield Refusal("wrong-dtype", f"input {name!r} takes {tensor.dtype}, not {array.dtype}", name, fix)
    if array.ndim != len(tensor.shape):
        yield Refusal("wrong-rank", f"input {name!r} has rank {len(tensor.shape)}, not {array.ndim}", name, fix)
    elif any(isinstance(dim, int) and dim != size for dim, size in zip(tensor.shape, array.shape, strict=True)):
        yield Refusal("wrong-shape", f"input {name!r} does not take the shape {array.shape}", name, fix)


def _dtype(array: np.ndarray) -> str:
    return "string" if array.dtype.kind in "OUST" else array.dtype.name

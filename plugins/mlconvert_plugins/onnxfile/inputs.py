"""Whether the arrays that a caller gives are the inputs that a model takes."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mlconvert.errors import Refusal, refuse
from mlconvert.signature import Tensor
from mlconvert.text import for_terminal

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
    for name in inputs.keys() - known.keys() - set(optional):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {for_terminal(near[0])!r}?" if near else ""
        listed = ", ".join(for_terminal(one) for one in known) or "none"
        yield Refusal(
            "unknown-input",
            f"the model has no input {for_terminal(name)!r}{hint}",
            for_terminal(name),
            f"its inputs are: {listed}",
        )
    for tensor in tensors:
        shown = for_terminal(tensor.name)
        if tensor.name not in inputs:
            if tensor.name not in optional:
                yield Refusal("missing-input", f"input {shown!r} is not given", shown, f"it is {for_terminal(tensor)}")
        else:
            yield from _mismatch(tensor, shown, inputs[tensor.name])


def _mismatch(tensor: Tensor, shown: str, array: np.ndarray) -> Iterator[Refusal]:
    fix = f"it is {for_terminal(tensor)}"
    if _dtype(array) != tensor.dtype:
        yield Refusal("wrong-dtype", f"input {shown!r} takes {tensor.dtype}, not {array.dtype}", shown, fix)
    if array.ndim != len(tensor.shape):
        yield Refusal("wrong-rank", f"input {shown!r} has rank {len(tensor.shape)}, not {array.ndim}", shown, fix)
    elif any(isinstance(dim, int) and dim != size for dim, size in zip(tensor.shape, array.shape, strict=True)):
        yield Refusal("wrong-shape", f"input {shown!r} does not take the shape {array.shape}", shown, fix)


def _dtype(array: np.ndarray) -> str:
    return "string" if array.dtype.kind in "OUST" else array.dtype.name

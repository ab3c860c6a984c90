"""Values in the dtype and shape of an input; what would lose something is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError
from mlconvert.probes import numpy_dtype
from mlconvert.signature import Signature, Tensor
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    import numpy as np


def fitted(
    arrays: Mapping[str, np.ndarray], signature: Signature, facts: dict[str, str], *, by_rows: bool
) -> dict[str, np.ndarray]:
    """The arrays as the inputs take them. Raises ConversionError (`bad-data`) that names the input.

    With `by_rows` the first dim, which is still to be cut, may be any. Floats are rounded to a narrower float type,
    which `facts` says; all other values stay what they are.
    """
    sizes: dict[str, tuple[int, str]] = {}
    for tensor in signature.inputs:
        _check_shape(arrays[tensor.name].shape, tensor, sizes, 1 if by_rows else 0)
    return {tensor.name: _typed(arrays[tensor.name], tensor, facts) for tensor in signature.inputs}


def _check_shape(shape: tuple[int, ...], tensor: Tensor, sizes: dict[str, tuple[int, str]], start: int) -> None:
    """The rank, the fixed dims from `start` on, and the named dims over all inputs."""
    fixed = list(zip(shape, tensor.shape, strict=False))[start:]
    fits = len(shape) == len(tensor.shape) and all(size == dim for size, dim in fixed if isinstance(dim, int))
    if not fits:
        raise _refused(f"it has the shape {list(shape)}", tensor)
    for size, dim in zip(shape, tensor.shape, strict=True):
        known, other = sizes.setdefault(dim, (size, tensor.name)) if isinstance(dim, str) else (size, "")
        if known != size:
            raise _refused(f"{dim} is {size} here and {known} in {for_terminal(other)}", tensor)


def _typed(values: np.ndarray, tensor: Tensor, facts: dict[str, str]) -> np.ndarray:
    import numpy as np

    if tensor.dtype == "string":
        if values.dtype.kind not in "UO":
            raise _refused(f"it holds {values.dtype}", tensor)
        return values.astype(object)
    wanted = numpy_dtype(tensor.dtype)
    if values.dtype == wanted:
        return values
    if _is_bytes(values.dtype) and values.dtype.itemsize == wanted.itemsize:
        viewed: np.ndarray = values.view(wanted)
        return viewed
    if values.dtype.kind not in "biufV" or _is_bytes(values.dtype):
        raise _refused(f"it holds {'text' if values.dtype.kind in 'UOS' else values.dtype}", tensor)
    with np.errstate(all="ignore"):
        made = values.astype(wanted)
    _check_kept(values, made, tensor)
    if _is_float(tensor.dtype) and values.dtype.itemsize > wanted.itemsize and _is_float(values.dtype.name):
        facts[f"rounded {tensor.name}"] = f"from {values.dtype.name} to {tensor.dtype}"
    return made


def _is_bytes(dtype: np.dtype) -> bool:
    """Whether the file did not know the type: of bfloat16 and of smaller numbers, `.npy` keeps the bytes alone."""
    import numpy as np

    return dtype.type is np.void and dtype.names is None


def _check_kept(values: np.ndarray, made: np.ndarray, tensor: Tensor) -> None:
    """Raise ConversionError (`bad-data`) at the first value that is no longer what it was."""
    import numpy as np

    with np.errstate(all="ignore"):
        if _is_float(values.dtype.name) and _is_float(tensor.dtype):
            lost = np.isfinite(values) & ~np.isfinite(made.astype(np.float64))
        else:
            # 2**63 and more wrap to and fro: the signs tell.
            lost = (made.astype(values.dtype) != values) | ((made > 0) != (values > 0))
    if lost.any():
        where = np.unravel_index(int(lost.argmax()), lost.shape)
        place = ", ".join(map(str, where))
        raise _refused(f"the {values.dtype.name} {values[where]} at [{place}] is no {tensor.dtype}", tensor)


def _is_float(dtype: str) -> bool:
    return "float" in dtype


def _called(values: np.ndarray) -> str:
    return "text" if values.dtype.kind in "UOS" else str(values.dtype)


def _refused(message: str, tensor: Tensor) -> ConversionError:
    return ConversionError(
        f"the data do not fit the input {tensor.name!r}: {message}",
        code="bad-data",
        where=tensor.name,
        fix=f"the model takes {tensor}",
    )

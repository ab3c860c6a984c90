"""numpy arrays to torch tensors and back, of every dtype that both have a name for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch


def to_tensor(array: np.ndarray) -> torch.Tensor:
    """A tensor with the array's values; numpy's own types share memory, others (bfloat16, float8) go as their bytes."""
    import numpy as np
    import torch

    plain = np.require(array, requirements=["C", "W"]).reshape(array.shape)
    if plain.dtype.kind != "V" and hasattr(torch, plain.dtype.name) and plain.dtype.isbuiltin == 1:
        return torch.from_numpy(plain)
    raw = torch.from_numpy(plain.view(f"u{plain.dtype.itemsize}"))
    return raw.view(getattr(torch, plain.dtype.name))


def to_array(tensor: torch.Tensor) -> np.ndarray:
    """An array with the tensor's values, in ml_dtypes' types where numpy has none."""
    import torch

    plain = tensor.detach().cpu().contiguous()
    try:
        return plain.resolve_conj().resolve_neg().numpy()
    except TypeError:
        import ml_dtypes

        raw = plain.view(getattr(torch, f"uint{8 * plain.element_size()}")).numpy()
        return raw.view(getattr(ml_dtypes, str(plain.dtype).removeprefix("torch.")))

"""Where in a model's code a dynamic dim turns into a number."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlconvert_plugins.pytorch.failures import model_line

if TYPE_CHECKING:
    import torch


def fixing_line(model: torch.nn.Module, examples: Mapping[str, Any], dynamic: Any) -> str:
    """The line after which torch knows a dim's size, as `model.py:12 in forward`; '' where it cannot be told.

    The model is traced once more with every named dim left to torch, which then fixes what it must without complaint.
    """
    import torch
    from torch._guards import detect_fake_mode
    from torch.overrides import TorchFunctionMode
    from torch.utils import _pytree as pytree

    found: list[str] = []

    class Watch(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            answer = func(*args, **(kwargs or {}))
            fakes = detect_fake_mode([args, kwargs])
            if not found and fakes is not None and fakes.shape_env is not None and fakes.shape_env.replacements:
                found.append(model_line("".join(traceback.format_stack())))
            return answer

    forward = model.forward

    @functools.wraps(forward)
    def watched(*args: Any, **kwargs: Any) -> Any:
        with Watch():
            return forward(*args, **kwargs)

    left = pytree.tree_map_only(torch.export.Dim, lambda dim: torch.export.Dim.AUTO, dynamic)
    model.forward = watched
    try:
        torch.export.export(model, (), dict(examples), dynamic_shapes=left, strict=False)
    except Exception:  # noqa: BLE001  # the refusal that is being explained stands as it is
        return found[0] if found else ""
    finally:
        model.forward = forward
    return found[0] if found else ""

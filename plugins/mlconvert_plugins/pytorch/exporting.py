"""From a module to an exported program: each dim that the signature names stays dynamic, or it is refused."""

from __future__ import annotations

import functools
import inspect
import traceback
from typing import TYPE_CHECKING, Any, Optional, cast

from mlconvert.errors import ConversionError, Refusal, refuse
from mlconvert.probes import shape_of
from mlconvert.signature import DimRange, Signature, Tensor, evaluate
from mlconvert.text import for_terminal
from mlconvert_plugins.pytorch.failures import model_line, summary, translated
from mlconvert_plugins.pytorch.fitting import example_sizes
from mlconvert_plugins.pytorch.names import flatten, nest
from mlconvert_plugins.pytorch.programs import Program, named

if TYPE_CHECKING:
    import torch


def exported(model: torch.nn.Module, signature: Signature) -> Program:
    """The module's program, its inputs called by forward's parameters and its outputs as `names.flatten` calls them.

    Raises ConversionError: `unknown-input`, `dynamic-dim-specialised`, `data-dependent`, `unsupported-output`,
    `unsupported-dim`, `export-failed`.
    """
    import torch

    refuse(argument_refusals(model, signature))
    outputs = _flatten_outputs(model)
    examples, dynamic = nest(example_inputs(signature)), nest(dynamic_shapes(signature))
    _run_once(model, examples, signature)
    try:
        program = torch.export.export(model, (), examples, dynamic_shapes=dynamic, strict=False)
    except Exception as error:  # torch raises errors of some thirty types here
        raise _located(translated(error, "torch.export"), model, examples, dynamic) from error
    return Program(program, named(program).inputs, tuple(outputs))


def _run_once(model: torch.nn.Module, examples: dict[str, Any], signature: Signature) -> None:
    """Refuse inputs that the model itself does not take: tracing does not notice a wrong dtype everywhere."""
    import torch

    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
    try:
        with torch.inference_mode():
            model(**examples)
    except ConversionError:
        raise
    except Exception as error:  # the model is the user's code
        at = ", ".join(f"{name}={size}" for name, size in example_sizes(signature).items())
        raise ConversionError(
            f"the model does not run on these inputs{' at ' + at if at else ''}: {summary(error)}",
            code="model-fails",
            where=model_line("".join(traceback.format_tb(error.__traceback__))),
            fix="check the inputs' dtypes and shapes, and the ranges of integers (--input 'ids:int64[…]=0..99')",
        ) from error
    for name, buffer in model.named_buffers():
        buffer.copy_(kept[name])


def argument_refusals(model: torch.nn.Module, signature: Signature) -> list[Refusal]:
    """Inputs that forward has no parameter for, and parameters without an input."""
    parameters = inspect.signature(model.forward).parameters.values()
    if any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters):
        return []
    known = [p.name for p in parameters]
    needed = [p.name for p in parameters if p.default is p.empty]
    given = {tensor.name.partition(".")[0] for tensor in signature.inputs}
    listed = ", ".join(known)
    wrong = [
        Refusal("unknown-input", for_terminal(f"the model has no input {name!r}; its inputs are: {listed}"), name)
        for name in sorted(given - set(known))
    ]
    return wrong + [
        Refusal(
            "missing-input",
            for_terminal(f"the input {name!r} of the model is not described"),
            name,
            f"add --input '{name}:float32[batch,…]' with its dtype and shape",
        )
        for name in needed
        if name not in given
    ]


def example_inputs(signature: Signature, sizes: Optional[dict[str, int]] = None) -> dict[str, torch.Tensor]:
    """Inputs to trace with, by name: zeros are valid indices and valid numbers everywhere."""
    import torch

    sizes = sizes or example_sizes(signature)
    return {
        tensor.name: torch.full(
            shape_of(tensor, sizes), int(tensor.range[0]) if tensor.range else 0, dtype=getattr(torch, tensor.dtype)
        )
        for tensor in signature.inputs
    }


def dynamic_shapes(signature: Signature) -> dict[str, Any]:
    """For each input the axes that are dynamic: equal names share one torch.export.Dim."""
    dims = {name: _dim(name, signature.range_of(name)) for name in signature.names()}
    return {tensor.name: _axes(tensor, dims) or None for tensor in signature.inputs}


def _dim(name: str, r: DimRange) -> torch.export.Dim:
    import torch

    return torch.export.Dim(name, min=r.min, max=r.max)


def _axes(tensor: Tensor, dims: dict[str, torch.export.Dim]) -> dict[int, Any]:
    axes: dict[int, Any] = {}
    for axis, dim in enumerate(tensor.shape):
        if not isinstance(dim, str):
            continue
        try:
            # torch's Dims do arithmetic like numbers, as far as torch supports it.
            axes[axis] = evaluate(dim, cast(Any, dims))
        except (NotImplementedError, TypeError) as error:
            raise ConversionError(
                f"the dim {for_terminal(dim)} of input {for_terminal(tensor.name)} is no sum or product with a number",
                code="unsupported-dim",
                where=tensor.name,
                fix="give that axis a name or a size",
            ) from error
    return axes


def _flatten_outputs(model: torch.nn.Module) -> list[str]:
    """Make the module return its tensors flat; the list that comes back holds their names once it has run.

    So a dataclass that torch does not know can be an output, and no wrapper changes the modules' paths.
    """
    import torch

    forward = model.forward
    names: list[str] = []

    @functools.wraps(forward)
    def flat(*args: Any, **kwargs: Any) -> tuple[torch.Tensor, ...]:
        found = flatten(forward(*args, **kwargs), lambda value: isinstance(value, torch.Tensor))
        for name, value in found.items():
            if not isinstance(value, torch.Tensor):
                raise ConversionError(
                    f"the output {for_terminal(name)} of the model is a {type(value).__name__}, and no tensor",
                    code="unsupported-output",
                    where=name,
                    fix="make the model return tensors alone (transformers: use_cache=False)",
                )
        names[:] = found
        return tuple(found.values())

    model.forward = flat
    return names


def _located(
    refusal: ConversionError, model: torch.nn.Module, examples: dict[str, Any], dynamic: dict[str, Any]
) -> ConversionError:
    """The refusal with the line of the model that fixed a dim, which torch tells in a draft export."""
    import torch

    if refusal.code != "dynamic-dim-specialised" or refusal.where:
        return refusal
    try:
        draft: Any = torch.export.draft_export(model, (), examples, dynamic_shapes=dynamic, strict=False)
        refusal.where = model_line(str(draft._report))
    except Exception:  # noqa: BLE001  # then the refusal stands as it is
        return refusal
    return refusal

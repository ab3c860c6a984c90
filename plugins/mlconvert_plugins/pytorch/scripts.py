"""TorchScript to ONNX: by every way that torch still has, and none is believed without its numbers.

torch.onnx.export takes ScriptModules only in its old form, which knows few operators and bakes sizes in. Better is to
turn the script into an exported program first, by torch's own converter, or by tracing what it does when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlconvert.errors import ConversionError, Refusal, refuse
from mlconvert.probes import draw_tensor
from mlconvert.signature import Signature
from mlconvert.stage import Context
from mlconvert.text import for_terminal
from mlconvert_plugins.pytorch import graphs
from mlconvert_plugins.pytorch.exporting import dynamic_shapes, example_inputs
from mlconvert_plugins.pytorch.failures import last_line, model_line, translated
from mlconvert_plugins.pytorch.fitting import example_sizes, fitted, other_sizes
from mlconvert_plugins.pytorch.names import flatten, nest
from mlconvert_plugins.pytorch.programs import Program
from mlconvert_plugins.pytorch.signatures import argument_names

if TYPE_CHECKING:
    import onnx_ir as ir
    import torch


@dataclass(frozen=True)
class Trial:
    """A set of inputs and what the script answers; `sizes` are those of the named dims."""

    sizes: Mapping[str, int]
    inputs: Mapping[str, torch.Tensor]
    outputs: Mapping[str, torch.Tensor]


def translate(
    model: torch.jit.ScriptModule, signature: Signature, opset: int | None, ctx: Context
) -> tuple[ir.Model, Signature]:
    """The script in ONNX, with inputs in forward's order.

    Raises ConversionError: `unknown-input`, `missing-input`, `model-fails`, `dim-baked-in` for a dim that is dynamic in
    the signature alone, and where no way leads to the script's numbers the reasons of them all.
    """
    refuse(argument_refusals(model, signature))
    signature = in_order(model, signature)
    trials = _trials(model, signature)
    refusals: list[ConversionError] = []
    for way in (_converted, _as_it_runs, _in_the_old_form):
        try:
            graph = way(model, signature, tuple(trials[0].outputs), opset, ctx)
            _prove(graph, trials, ctx)
        except ConversionError as error:
            refusals.append(error)
            ctx.log(f"{way.__name__.strip('_')}: {error.message}")
        else:
            return graph, signature
    raise _worst(refusals)


def argument_refusals(model: torch.jit.ScriptModule, signature: Signature) -> list[Refusal]:
    """Inputs that the script has no parameter for, and parameters without an input."""
    known = argument_names(model)
    given = {tensor.name.partition(".")[0] for tensor in signature.inputs}
    listed = ", ".join(known)
    wrong = [
        Refusal("unknown-input", for_terminal(f"the model has no input {name!r}; its inputs are: {listed}"), name)
        for name in sorted(given - known.keys())
    ]
    return wrong + [
        Refusal(
            "missing-input",
            for_terminal(f"the input {name!r} of the model is not described"),
            name,
            f"add --input '{name}:…'",
        )
        for name, needed in known.items()
        if needed and name not in given
    ]


def in_order(model: torch.jit.ScriptModule, signature: Signature) -> Signature:
    """The signature with its inputs in the order of forward's parameters."""
    order = list(argument_names(model))
    inputs = sorted(signature.inputs, key=lambda tensor: order.index(tensor.name.partition(".")[0]))
    return replace(signature, inputs=tuple(inputs))


def program_of(model: torch.jit.ScriptModule, signature: Signature) -> Program:
    """The script as an exported program, by torch's own converter. Raises ConversionError."""
    examples = example_inputs(signature)
    outputs = tuple(answer(model, examples))
    arguments, shapes = (tuple(nest(given).values()) for given in (examples, dynamic_shapes(signature)))
    try:
        converted = _converter(model, arguments, shapes).convert()
    except Exception as error:  # the converter raises whatever its parts raise
        raise translated(error, "torch's converter of TorchScript") from error
    return Program(converted, tuple(examples), outputs)


def answer(model: torch.nn.Module, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What a module answers, by name. Raises ConversionError (`unsupported-output`) for what is no tensor."""
    import torch

    with torch.inference_mode():
        found = flatten(model(**nest(inputs)), lambda value: isinstance(value, torch.Tensor))
    for name, value in found.items():
        if not isinstance(value, torch.Tensor):
            raise ConversionError(
                f"the output {for_terminal(name)} of the model is a {type(value).__name__}, and no tensor",
                code="unsupported-output",
                where=name,
                fix="make the model return tensors alone",
            )
    return found


def _converter(model: torch.jit.ScriptModule, arguments: tuple[Any, ...], shapes: tuple[Any, ...]) -> Any:
    """torch's converter, which declares every axis dynamic when it retraces; here only those of the signature are."""
    import torch
    from torch._export.converter import TS2EPConverter

    class Converter(TS2EPConverter):  # type: ignore[misc, unused-ignore]
        def retrace_as_exported_program(self, gm: torch.fx.GraphModule, name_to_constant: dict[str, Any]) -> Any:
            return torch.export.export(gm, arguments, dynamic_shapes=shapes, strict=False)

    return Converter(model, arguments)


def _converted(
    model: torch.jit.ScriptModule, signature: Signature, outputs: tuple[str, ...], opset: int | None, ctx: Context
) -> ir.Model:
    return _finished(program_of(model, signature), signature, opset)


def _as_it_runs(
    model: torch.jit.ScriptModule, signature: Signature, outputs: tuple[str, ...], opset: int | None, ctx: Context
) -> ir.Model:
    """Export what the interpreter does. Whatever size the script asks for becomes a number, and torch then refuses."""
    import torch

    class Closed(torch.nn.Module):
        def forward(self, *arguments: Any) -> Any:
            return tuple(flatten(model(*arguments), lambda value: isinstance(value, torch.Tensor)).values())

    examples = example_inputs(signature)
    arguments, shapes = (tuple(nest(given).values()) for given in (examples, dynamic_shapes(signature)))
    try:
        # Without gradients attention takes a fused operator that ONNX does not have.
        with torch.enable_grad():
            made = torch.export.export(Closed(), arguments, dynamic_shapes=(shapes,), strict=False)
    except Exception as error:  # torch raises errors of some thirty types here
        raise translated(error, "tracing the script") from error
    return _finished(Program(made, tuple(examples), outputs), signature, opset)


def _finished(program: Program, signature: Signature, opset: int | None) -> ir.Model:
    graph = graphs.translate(program, opset)
    graphs.finish(graph, program.inputs, program.outputs, fitted(program, signature), "dynamo")
    return graph


def _in_the_old_form(
    model: torch.jit.ScriptModule, signature: Signature, outputs: tuple[str, ...], opset: int | None, ctx: Context
) -> ir.Model:
    import torch

    from mlconvert_plugins.onnxfile.opening import open_model

    path = ctx.scratch / "script.onnx"
    examples = example_inputs(signature)
    axes = {t.name: {n: d for n, d in enumerate(t.shape) if isinstance(d, str)} for t in signature.inputs}
    try:
        torch.onnx.export(
            model,
            tuple(nest(examples).values()),
            str(path),
            dynamo=False,
            opset_version=opset,
            input_names=list(examples),
            output_names=list(outputs),
            dynamic_axes={name: dims for name, dims in axes.items() if dims},
        )
    except Exception as error:  # the exporter raises errors of many types
        raise translated(error, "torch's ONNX exporter for TorchScript") from error
    graph = open_model(path)
    graphs.finish(graph, list(examples), outputs, {name: name for name in signature.names()}, "torchscript")
    return graph


def _trials(model: torch.jit.ScriptModule, signature: Signature) -> list[Trial]:
    """What the script answers at one set of sizes, and at another where the signature has dims."""
    first = example_sizes(signature)
    second = other_sizes(signature, first)
    trials = [_trial(model, signature, first)]
    if second != first:
        try:
            trials.append(_trial(model, signature, second))
        except ConversionError as error:
            changed = ", ".join(f"{name}={size}" for name, size in second.items())
            raise ConversionError(
                f"the model itself does not run at {changed}: {error.message}",
                code="dim-baked-in",
                where=error.where,
                fix="its sizes were fixed when it was traced: export it again, or give sizes instead of names",
            ) from error
    return trials


def _trial(model: torch.jit.ScriptModule, signature: Signature, sizes: Mapping[str, int]) -> Trial:
    import numpy as np
    import torch

    generator = np.random.default_rng(0)
    inputs = {
        tensor.name: torch.from_numpy(np.ascontiguousarray(draw_tensor(tensor, sizes, generator)))
        for tensor in signature.inputs
    }
    try:
        return Trial(sizes, inputs, answer(model, inputs))
    except ConversionError:
        raise
    except Exception as error:  # the script is the user's program
        raise ConversionError(
            f"the model fails: {last_line(error)}",
            code="model-fails",
            where=model_line(str(error)),
            fix="check the inputs' dtypes and shapes",
        ) from error


def _prove(graph: ir.Model, trials: list[Trial], ctx: Context) -> None:
    """Hold the graph against the script's own answers. Raises ConversionError."""
    from mlconvert_plugins.onnxfile import saving, session
    from mlconvert_plugins.pytorch.checking import baked_in

    path = ctx.scratch / "proof.onnx"
    for old in ctx.scratch.glob("proof*"):
        old.unlink()
    saving.save(graph, path)
    made = session.create(path)
    for number, trial in enumerate(trials):
        names = list(trial.outputs)
        try:
            found, _ = session.run(made, names, {name: value.numpy() for name, value in trial.inputs.items()})
        except ConversionError as error:
            raise (baked_in(graph, error, trial.sizes) if number else error) from error
        far = next((name for name in names if not _close(trial.outputs[name], found[name])), None)
        if far is not None:
            at = ", ".join(f"{name}={size}" for name, size in trial.sizes.items())
            raise ConversionError(
                f"the exported graph computes another {for_terminal(far)}" + (f" at {at}" if at else ""),
                code="dim-baked-in" if number else "wrong-numbers",
                where=far,
                fix="export the model with torch.export.export, and convert the .pt2",
            )


def _close(want: torch.Tensor, found: Any) -> bool:
    """A coarse comparison, to choose between ways; parity judges what was chosen."""
    import numpy as np

    if tuple(want.shape) != found.shape:
        return False
    expected = want.detach().double().numpy()
    scale = float(np.sqrt(np.mean(np.square(expected)))) if expected.size else 0.0
    return bool(np.allclose(found.astype(np.float64), expected, rtol=1e-3, atol=1e-3 * scale, equal_nan=True))


def _worst(refusals: list[ConversionError]) -> ConversionError:
    """One error for all the ways: the first one's code and place, and what each had to say."""
    telling = next((error for error in refusals if error.code == "dim-baked-in"), refusals[0])
    said = "; ".join(dict.fromkeys(error.message for error in refusals))
    return ConversionError(
        f"none of torch's exporters takes this TorchScript: {said}",
        code=telling.code,
        where=telling.where,
        fix="export the model itself with torch.export.export, and convert the .pt2",
    )

"""The signature that a PyTorch file holds itself: of an exported program whole, of TorchScript what was traced."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Optional

from mlconvert.signature import DimRange, Signature, Tensor
from mlconvert_plugins.pytorch.programs import named, tensors, with_outputs

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram
    from torch.fx import Node


def of_program(exported: ExportedProgram) -> Signature:
    """Inputs, outputs and dims with their ranges; the size at export is a dim's opt.

    torch keeps no names of dims. The one that leads every input is called `batch`, the others by the input and the
    axis where they first stand: `x_2`.
    """
    program = named(exported)
    nodes = program.input_nodes()
    renaming = _symbol_names(nodes)
    inputs = tensors({name: node.meta["val"] for name, node in nodes.items()}, renaming)
    ranges = {name: _range_of(exported, symbol, nodes) for symbol, name in renaming.items()}
    bounded = tuple(
        replace(tensor, range=vocabulary(node)) for tensor, node in zip(inputs, nodes.values(), strict=True)
    )
    return with_outputs(Signature(bounded, dims=ranges), program, renaming)


def _symbol_names(nodes: dict[str, Node]) -> dict[str, str]:
    names: dict[str, str] = {}
    for name, node in nodes.items():
        for axis, size in enumerate(node.meta["val"].shape):
            for symbol in re.findall(r"\b[a-z]\d+\b", str(size)):
                names.setdefault(symbol, _fresh(re.sub(r"\W", "_", f"{name}_{axis}"), names))
    leading = {str(node.meta["val"].shape[0]) for node in nodes.values() if node.meta["val"].dim()}
    others = {str(size) for node in nodes.values() for size in node.meta["val"].shape[1:]}
    # torch does not always see that two inputs share their batch; what was exported with one size is taken for one dim.
    if leading <= names.keys() - others and len({_size_at_export(symbol, nodes) for symbol in leading}) == 1:
        names |= dict.fromkeys(leading, "batch")
    return names


def _fresh(name: str, names: dict[str, str]) -> str:
    return name if name not in names.values() else _fresh(name + "_", names)


def _range_of(exported: ExportedProgram, symbol: str, nodes: dict[str, Node]) -> DimRange:
    limits = {str(key): value for key, value in exported.range_constraints.items()}.get(symbol)
    low = max(1, _finite(limits.lower) or 1) if limits is not None else 1
    high = _finite(limits.upper) if limits is not None else None
    opt = max(low, _size_at_export(symbol, nodes) or low)
    return DimRange(low, opt if high is None else min(opt, high), high)


def _finite(bound: Any) -> Optional[int]:
    """A bound as a number; sympy's and torch's infinities, and torch's stand-in for one, are open."""
    number = int(bound) if str(bound).lstrip("-").isdigit() else None
    return number if number is not None and number < 2**62 else None


def _size_at_export(symbol: str, nodes: dict[str, Node]) -> Optional[int]:
    sizes = (size for node in nodes.values() for size in node.meta["val"].shape)
    hints = (getattr(getattr(size, "node", None), "hint", None) for size in sizes if str(size) == symbol)
    return next((int(hint) for hint in hints if hint is not None), None)


def vocabulary(node: Node) -> Optional[tuple[float, float]]:
    """The values that an integer input may take where it is looked up in an embedding: 0 to its rows - 1."""
    for user in node.users:
        if str(user.target) == "aten.embedding.default" and user.args[1] is node:
            return (0, int(user.args[0].meta["val"].shape[0]) - 1)  # type: ignore[union-attr]
        if str(user.target).startswith(("aten.to.", "aten._assert_tensor_metadata", "aten.alias", "aten._to_copy")):
            found = vocabulary(user)
            if found:
                return found
    return None


def of_script(model: torch.jit.ScriptModule) -> Signature:
    """Names, dtypes and the sizes that were traced; empty where the file does not hold them all."""
    traced = [_traced(name, value) for name, value in _arguments(model)]
    if None in traced:
        return Signature()
    return Signature(tuple(tensor for tensor in traced if tensor is not None))


def argument_names(model: torch.jit.ScriptModule) -> dict[str, bool]:
    """The parameters of a script's forward, and whether each must be given."""
    schema = model.forward.schema  # type: ignore[attr-defined]
    return {argument.name: not argument.has_default_value() for argument in schema.arguments[1:]}


def _arguments(model: torch.jit.ScriptModule) -> Iterator[tuple[str, Any]]:
    required = argument_names(model)
    for (name, needed), value in zip(required.items(), list(model.graph.inputs())[1:], strict=True):
        if needed:
            yield name, value.type()


_SCALARS = {
    "Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16", "Long": "int64", "Int": "int32",
    "Short": "int16", "Char": "int8", "Byte": "uint8", "Bool": "bool",
}  # fmt: skip


def _traced(name: str, kind: Any) -> Optional[Tensor]:
    if kind.kind() != "TensorType":
        return None
    dtype, sizes = _SCALARS.get(str(kind.scalarType())), kind.sizes()
    return Tensor(name, dtype, tuple(sizes)) if dtype and sizes is not None and None not in sizes else None

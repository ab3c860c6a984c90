"""An exported program with names on what goes in and out, and its call by those names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

from mlconvert.errors import ConversionError
from mlconvert.signature import Signature, Tensor
from mlconvert.text import for_terminal
from mlconvert_plugins.pytorch.dims import Renaming, readable
from mlconvert_plugins.pytorch.names import flatten, walk

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram
    from torch.fx import Node


@dataclass(frozen=True)
class Program:
    """An exported program. `inputs` and `outputs` name its tensors, in the order in which its graph has them."""

    exported: ExportedProgram
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def input_nodes(self) -> dict[str, Node]:
        """The placeholders of the named inputs."""
        nodes = {node.name: node for node in self.exported.graph.nodes if node.op == "placeholder"}
        specs = [spec.arg.name for spec in _user_inputs(self.exported) if _is_tensor(spec)]
        return {name: nodes[own] for name, own in zip(self.inputs, specs, strict=True)}

    def output_nodes(self) -> dict[str, Node]:
        """The nodes that make the named outputs."""
        (values,) = self.exported.graph.output_node().args
        kept = len(values) - len(self.exported.graph_signature.user_outputs)
        return dict(zip(self.outputs, (value for value in values[kept:] if value is not None), strict=True))

    def output_values(self) -> dict[str, Any]:
        """The fake tensors of the named outputs."""
        return {name: node.meta["val"] for name, node in self.output_nodes().items()}


def named(exported: ExportedProgram) -> Program:
    """The program with the names that its own signature holds: parameters of forward, keys, `output_0`.

    Raises ConversionError for inputs or outputs that are no tensors.
    """
    return Program(exported, _input_names(exported), _output_names(exported))


def call(program: Program, module: torch.nn.Module, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Run the program's module (`exported.module()`) by name; what was no tensor at export is what it was then."""
    import torch
    from torch.utils import _pytree as pytree

    tensors = iter([inputs[name] for name in program.inputs])
    leaves = [next(tensors) if _is_tensor(spec) else spec.arg.value for spec in _user_inputs(program.exported)]
    args, kwargs = pytree.tree_unflatten(leaves, program.exported.call_spec.in_spec)
    found = [leaf for _, leaf in walk(module(*args, **kwargs), lambda value: isinstance(value, torch.Tensor))]
    return dict(zip(program.outputs, found, strict=True))


def _user_inputs(exported: ExportedProgram) -> list[Any]:
    from torch.export.graph_signature import InputKind

    return [spec for spec in exported.graph_signature.input_specs if spec.kind == InputKind.USER_INPUT]


def _is_tensor(spec: Any) -> bool:
    from torch.export.graph_signature import TensorArgument

    return isinstance(spec.arg, TensorArgument)


def _input_names(exported: ExportedProgram) -> tuple[str, ...]:
    from torch.export.graph_signature import ConstantArgument

    specs = _user_inputs(exported)
    for spec in specs:
        if not _is_tensor(spec) and not isinstance(spec.arg, ConstantArgument):
            raise _unsupported("input", spec.arg.name, "a number that may change from call to call")
    paths = _input_paths(exported, len(specs)) or [spec.arg.name for spec in specs]
    return tuple(path for path, spec in zip(paths, specs, strict=True) if _is_tensor(spec))


def _input_paths(exported: ExportedProgram, count: int) -> Optional[list[str]]:
    """Dotted names of the flat inputs; None for a program that does not hold forward's own names."""
    from torch.utils import _pytree as pytree

    args, kwargs = pytree.tree_unflatten(list(range(count)), exported.call_spec.in_spec)
    signature = exported.module_call_graph[0].signature if exported.module_call_graph else None
    names = getattr(signature, "forward_arg_names", None) or []
    if len(names) < len(args) or any(name.startswith("*") for name in names):
        return None
    arguments = {**dict(zip(names, args, strict=False)), **kwargs}
    found = {leaf: ".".join(str(key) for key in path) for path, leaf in walk(arguments, _is_index)}
    return [found[index] for index in range(count)] if len(found) == count else None


def _output_names(exported: ExportedProgram) -> tuple[str, ...]:
    from torch.export.graph_signature import OutputKind, TensorArgument
    from torch.utils import _pytree as pytree

    specs = [spec for spec in exported.graph_signature.output_specs if spec.kind == OutputKind.USER_OUTPUT]
    nested = pytree.tree_unflatten(list(range(len(specs))), exported.call_spec.out_spec)
    names = flatten(nested, _is_index)
    kept = []
    for name, index in names.items():
        argument = specs[index].arg
        if isinstance(argument, TensorArgument):
            kept.append(name)
        elif getattr(argument, "value", 0) is not None:
            raise _unsupported("output", name, "a number")
    return tuple(kept)


def _is_index(value: Any) -> bool:
    return type(value) is int


def _unsupported(what: str, name: str, kind: str) -> ConversionError:
    return ConversionError(
        f"the {what} {for_terminal(name)} of the model is {kind}, and no tensor",
        code=f"unsupported-{what}",
        where=name,
        fix="export the model so that only tensors go in and out",
    )


def tensors(values: Mapping[str, Any], renaming: Renaming) -> tuple[Tensor, ...]:
    """Descriptions of (fake) tensors, with torch's symbols called as `renaming` says and unknown where it is silent."""
    return tuple(
        Tensor(name, dtype_name(value.dtype), tuple(readable(str(size), renaming) for size in value.shape))
        for name, value in values.items()
    )


def dtype_name(dtype: torch.dtype) -> str:
    """`float32` for torch.float32."""
    return str(dtype).removeprefix("torch.")


def with_outputs(signature: Signature, program: Program, renaming: Renaming) -> Signature:
    """The signature with the program's outputs."""
    outputs = tensors(program.output_values(), renaming)
    return Signature(signature.inputs, outputs, signature.dims, signature.columns, signature.labels)

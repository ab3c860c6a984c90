"""Inputs and outputs: a network's or an engine's, held against the signature that it has to carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError, Refusal
from mlconvert.signature import Dim, Signature, Tensor, evaluate, names_in
from mlconvert_plugins.tensorrt import profiles
from mlconvert_plugins.tensorrt.library import Bindings, dtype_name, sizes
from mlconvert_plugins.tensorrt.parsing import Network
from mlconvert_plugins.tensorrt.passport import Binding

if TYPE_CHECKING:
    import tensorrt

_RE_EXPORT = "export the model again, and let `mlconvert inspect` show its signature"


def inputs(network: Network, signature: Signature) -> tuple[Binding, ...]:
    """The inputs of a network with their profiles, in its own order."""
    known = {tensor.name: tensor for tensor in signature.inputs}
    return tuple(_input(tensor, known[tensor.name], signature) for tensor in network.inputs())


def _input(tensor: tensorrt.ITensor, own: Tensor, signature: Signature) -> Binding:
    span = _span(tensor, own, signature)
    profile = (span.min, span.opt, span.max)
    return Binding(tensor.name, dtype_name(tensor.dtype), sizes(tensor.shape), profile, bool(tensor.is_shape_tensor))


def outputs(network: Network) -> tuple[Binding, ...]:
    """The outputs of a network, in its own order."""
    return tuple(Binding(t.name, dtype_name(t.dtype), sizes(t.shape)) for t in network.outputs())


def add_profile(trt: Bindings, network: Network, config: tensorrt.IBuilderConfig, signature: Signature) -> None:
    """Give the builder one profile with the range of every input. Raises ConversionError where one has none."""
    known = {tensor.name: tensor for tensor in signature.inputs}
    profile = network.builder.create_optimization_profile()
    for tensor in network.inputs():
        span = _span(tensor, known[tensor.name], signature)
        if tensor.is_shape_tensor:
            profile.set_shape_input(tensor.name, list(span.min), list(span.opt), list(span.max))
        else:
            profile.set_shape(tensor.name, trt.Dims(span.min), trt.Dims(span.opt), trt.Dims(span.max))
    if config.add_optimization_profile(profile) < 0:
        raise ConversionError("TensorRT does not take the ranges of the inputs", code="bad-dims", fix="check --dim")


def _span(tensor: tensorrt.ITensor, own: Tensor, signature: Signature) -> profiles.Range:
    if not tensor.is_shape_tensor:
        return profiles.range_of(own, signature)
    span = profiles.values_of(own, signature)
    if span is None:
        shape = ",".join(map(str, own.shape))
        raise ConversionError(
            f"the values of input {own.name!r} decide shapes in the model, and TensorRT needs their range",
            code="unbounded-shape-input",
            where=own.name,
            fix=f"--input '{own.name}:{own.dtype}[{shape}]=1..64'",
        )
    return span


def differences(network: Network, signature: Signature) -> list[Refusal]:
    """Where a parsed network is not what the signature says; empty where the two agree."""
    return [
        *compare("input", [_bare(tensor) for tensor in network.inputs()], signature.inputs, signature),
        *compare("output", [_bare(tensor) for tensor in network.outputs()], signature.outputs, signature),
    ]


def _bare(tensor: tensorrt.ITensor) -> Binding:
    return Binding(tensor.name, dtype_name(tensor.dtype), sizes(tensor.shape))


def compare(kind: str, bindings: list[Binding], tensors: tuple[Tensor, ...], signature: Signature) -> Iterator[Refusal]:
    """Names, dtypes and dims of a network's or engine's tensors against the signature's."""
    found = {binding.name: binding for binding in bindings}
    for tensor in tensors:
        binding = found.pop(tensor.name, None)
        problem = "is not in it" if binding is None else _problem(binding, tensor, signature)
        if problem is not None:
            yield Refusal("signature-lost", f"{kind} {tensor.name!r} {problem}", where=tensor.name, fix=_RE_EXPORT)
    if tensors:
        for name in found:
            yield Refusal("signature-lost", f"it has one {kind} too many: {name!r}", where=name, fix=_RE_EXPORT)


def _problem(binding: Binding, tensor: Tensor, signature: Signature) -> str | None:
    if binding.dtype != tensor.dtype:
        return f"is {tensor.dtype} and became {binding.dtype}"
    if len(binding.shape) != len(tensor.shape):
        return f"has rank {len(tensor.shape)} and became of rank {len(binding.shape)}"
    for number, (size, dim) in enumerate(zip(binding.shape, tensor.shape, strict=True)):
        if size >= 0 and size not in (ends := _sizes(dim, signature)) and ends:
            return f"has {dim} as dim {number}, and became {size}"
        if size >= 0 and len(_sizes(dim, signature)) > 1:
            return f"has a dynamic dim {number} ({dim}), which became {size}"
    return None


def _sizes(dim: Dim, signature: Signature) -> set[int]:
    """The sizes of a dim at the ends of its names' ranges; empty where they are not known."""
    ranges = {name: signature.range_of(name) for name in names_in(dim)}
    if any(span.max is None for span in ranges.values()):
        return set()
    ends = (
        evaluate(dim, {name: span.min for name, span in ranges.items()}),
        evaluate(dim, {name: span.max or 0 for name, span in ranges.items()}),
    )
    return {size for size in ends if size is not None}

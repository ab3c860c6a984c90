"""What is supported: of a model, everything that is not; and for the docs, everything that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError, Refusal
from mlconvert.stage import Operator
from mlconvert_plugins.onnxfile.audit import domain_of, nodes_within
from mlconvert_plugins.onnxfile.wiring import name_of
from mlconvert_plugins.tfgraph import functions, registry
from mlconvert_plugins.tfgraph.tensors import dtype_of

if TYPE_CHECKING:
    import onnx

# The oldest opset that is read.
_OLDEST = 7


def refusals(proto: onnx.ModelProto) -> Iterator[Refusal]:
    """Every operator, attribute and value of an attribute that no handler takes, once for each kind, with its nodes;
    and every input, output and initializer of a type that TensorFlow has not.
    """
    found: dict[tuple[str, str], list[str]] = {}
    local = functions.local(proto)
    levels = [(proto.graph.node, functions.opsets(proto.opset_import))]
    levels += [(one.node, functions.opsets(one.opset_import)) for one in proto.functions]
    for nodes, versions in levels:
        for node in nodes_within(nodes):
            if (domain_of(node.domain), node.op_type, node.overload) not in local:
                for reason in _reasons(node, versions):
                    found.setdefault((node.op_type, reason), []).append(name_of(node))
    for (operator, reason), names in found.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield Refusal("unsupported-op", f"{names[0]}{more}: {reason}", operator)
    yield from _types(proto.graph)


def _types(graph: onnx.GraphProto) -> Iterator[Refusal]:
    slots = [(value.name, value.type.tensor_type.elem_type) for value in [*graph.input, *graph.output]]
    weights = [(tensor.name, tensor.data_type) for tensor in graph.initializer]
    for name, kind in dict([*weights, *slots]).items():
        try:
            dtype_of(kind)
        except ConversionError as error:
            yield Refusal(error.code, f"{name!r}: {error.message}", name, error.fix)


def _reasons(node: onnx.NodeProto, versions: Mapping[str, int]) -> Iterator[str]:
    domain = domain_of(node.domain)
    opset = versions.get(domain, 1)
    handler = registry.find(domain, node.op_type, opset)
    shown = f"{domain}::{node.op_type}" if domain else node.op_type
    if handler is None:
        yield from _definition_reasons(domain, node.op_type, opset, shown)
        return
    for attribute in node.attribute:
        if attribute.name not in handler.attributes | handler.ignores:
            yield f"attribute {attribute.name!r} of {shown} is not supported"
        elif attribute.name in handler.only:
            value = attribute.s.decode("utf-8", "replace") if attribute.HasField("s") else attribute.i
            if value not in handler.only[attribute.name] and not attribute.ref_attr_name:
                yield f"{attribute.name}={value} of {shown} is not supported"
    for missing in handler.required - {attribute.name for attribute in node.attribute}:
        yield f"{shown} lacks its attribute {missing!r}"


def _definition_reasons(domain: str, name: str, opset: int, shown: str) -> Iterator[str]:
    """What is not supported of an operator without a handler: all of it, or a part of ONNX's definition of it."""
    if not functions.is_defined(domain, name, opset):
        yield f"{shown} of opset {opset} is not supported"
    body = functions.definition_for_all(domain, name, opset)
    if body is None:
        return
    for node in nodes_within(body.node):
        for reason in _reasons(node, functions.opsets(body.opset_import)):
            yield f"ONNX defines {shown} by others: {reason}"


def operators() -> Iterator[Operator]:
    """Every operator that ONNX describes or a handler knows, with the versions in use since opset 7."""
    for (domain, name), versions in sorted(_versions().items()):
        taken = [version for version in versions if _is_taken(domain, name, version)]
        handled = {version: found for version in taken if (found := registry.find(domain, name, version))}
        limits = {limit for version, one in handled.items() for limit in _limits(one, domain, name, version)}
        defined = [str(version) for version in taken if version not in handled]
        notes = [*sorted(limits), *([f"by ONNX's definition: {', '.join(defined)}"] if defined else [])]
        missing = tuple(version for version in versions if version not in taken)
        yield Operator(f"{domain}::{name}" if domain else name, tuple(taken), missing, "; ".join(notes))


def _versions() -> dict[tuple[str, str], list[int]]:
    """The versions of every operator, without those that no opset since 7 means and those that ONNX has given up."""
    import onnx

    found: dict[tuple[str, str], set[int]] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        oldest = registry.since(schema.domain, schema.name, _OLDEST) or 1 if not schema.domain else 1
        if schema.since_version >= oldest and not schema.deprecated:
            found.setdefault((schema.domain, schema.name), set()).add(schema.since_version)
    for domain, name, version in registry.handlers():
        if domain:
            found.setdefault((domain, name), set()).add(version)
    return {key: sorted(versions) for key, versions in found.items()}


def _is_taken(domain: str, name: str, version: int) -> bool:
    return registry.find(domain, name, version) is not None or functions.is_defined(domain, name, version)


def _limits(handler: registry.Handler, domain: str, name: str, version: int) -> Iterator[str]:
    """What a handler does not take of the attributes that ONNX describes."""
    import onnx

    for key, values in handler.only.items():
        yield f"{key}: {', '.join(map(str, values))} alone"
    if onnx.defs.has(name, version, domain):
        known = onnx.defs.get_schema(name, version, domain).attributes
        yield from (f"no {attribute}" for attribute in known if attribute not in handler.attributes | handler.ignores)

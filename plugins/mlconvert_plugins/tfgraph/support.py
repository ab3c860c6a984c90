"""What is supported: of a model, everything that is not; and for the docs, everything that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mlconvert.errors import Refusal
from mlconvert_plugins.onnxfile.audit import domain_of
from mlconvert_plugins.onnxfile.wiring import name_of
from mlconvert_plugins.tfgraph import functions, registry

if TYPE_CHECKING:
    import onnx


def refusals(proto: onnx.ModelProto) -> Iterator[Refusal]:
    """Every operator, attribute and value of an attribute that no handler takes, once for each kind, with its nodes."""
    found: dict[tuple[str, str], list[str]] = {}
    local = functions.local(proto)
    levels = [(proto.graph.node, functions.opsets(proto.opset_import))]
    levels += [(one.node, functions.opsets(one.opset_import)) for one in proto.functions]
    for nodes, versions in levels:
        for node in _within(nodes):
            if (domain_of(node.domain), node.op_type, node.overload) not in local:
                for reason in _reasons(node, versions):
                    found.setdefault((node.op_type, reason), []).append(name_of(node))
    for (operator, reason), names in found.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield Refusal("unsupported-op", f"{names[0]}{more}: {reason}", operator)


def _within(nodes: object) -> Iterator[onnx.NodeProto]:
    for node in nodes:  # type: ignore[attr-defined]
        yield node
        for attribute in node.attribute:
            for graph in [*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs]:
                yield from _within(graph.node)


def _reasons(node: onnx.NodeProto, versions: Mapping[str, int]) -> Iterator[str]:
    domain = domain_of(node.domain)
    opset = versions.get(domain, 1)
    handler = registry.find(domain, node.op_type, opset)
    shown = f"{domain}::{node.op_type}" if domain else node.op_type
    if handler is None:
        if not functions.is_defined(domain, node.op_type, opset):
            yield f"{shown} of opset {opset} is not supported"
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


def table() -> list[tuple[str, str, str, str]]:
    """Domain, operator, versions, and what is not taken, for every operator that has a handler."""
    rows: dict[tuple[str, str], list[int]] = {}
    limits: dict[tuple[str, str], set[str]] = {}
    for (domain, name, version), handler in sorted(registry.handlers().items()):
        rows.setdefault((domain, name), []).append(version)
        shown = {f"{key}: {', '.join(map(str, values))} alone" for key, values in handler.only.items()}
        limits.setdefault((domain, name), set()).update(shown)
    return [
        (domain or "ai.onnx", name, ", ".join(map(str, versions)), "; ".join(sorted(limits[domain, name])))
        for (domain, name), versions in rows.items()
    ]

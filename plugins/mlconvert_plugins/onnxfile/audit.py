"""Whether an ONNX file is a valid model: everything that is wrong, each naming its node, before anybody runs it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError, Refusal, refuse
from mlconvert_plugins.onnxfile.opening import open_proto
from mlconvert_plugins.onnxfile.wiring import name_of, wiring

if TYPE_CHECKING:
    import onnx

# onnxruntime's own operators; it knows their versions, and onnx does not.
_RUNTIME_DOMAINS = ("com.microsoft", "com.ms.")
# Of the default domain, and the checker refuses them: ONNX Runtime's own, which its optimizer writes, and one that
# opset 18 defined, a later onnx deprecated, and ONNX Runtime runs all the same.
_RUNTIME_OPERATORS = ("SimplifiedLayerNormalization", "GroupNormalization")
_SHOWN = 20
_CONTEXT = re.compile(r"Name: (?P<name>.*?) OpType: (?P<op>\w+)")
_UNKNOWN = re.compile(rf"Op registered for ({'|'.join(_RUNTIME_OPERATORS)}) ")


def validate(path: Path, *, supplied: Collection[str] = ()) -> onnx.ModelProto:
    """The message of a valid ONNX file, its external data left on disk.

    `supplied` names operators that onnx does not know and somebody brings along (a TensorRT plugin). Raises
    ConversionError: what `open_proto` raises, `opset-too-new`, `unknown-op`, `unknown-domain`, `cyclic-graph`,
    `unsorted-graph`, `missing-tensor`, `duplicate-tensor`, and `invalid-model` for what else onnx.checker finds.
    """
    # First, and judged last: the checker reads the file into a copy of its own, and is less clear than we are.
    complaint = _complaint(path)
    proto = open_proto(path)
    refuse(islice(_problems(proto, supplied), _SHOWN), where=path.name)
    if complaint is not None and not any(node.op_type in supplied for node in nodes(proto)):
        raise complaint
    return proto


def _problems(proto: onnx.ModelProto, supplied: Collection[str]) -> Iterator[Refusal]:
    yield from _versions(proto)
    yield from wiring(proto)
    yield from _operators(proto, supplied)


def nodes(proto: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """Every node of the model, those of subgraphs and functions included."""
    yield from nodes_within(proto.graph.node)
    for function in proto.functions:
        yield from nodes_within(function.node)


def nodes_within(level: Iterable[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    """These nodes, and those of the subgraphs in them."""
    for node in level:
        yield node
        for attribute in node.attribute:
            for graph in [*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs]:
                yield from nodes_within(graph.node)


def domain_of(name: str) -> str:
    """A domain by its short name: the default one is also written `ai.onnx`."""
    return "" if name == "ai.onnx" else name


def newest_opsets() -> dict[str, int]:
    """The newest opset that the installed onnx knows, by domain."""
    import onnx

    newest: dict[str, int] = {}
    for schema in onnx.defs.get_all_schemas():
        newest[schema.domain] = max(newest.get(schema.domain, 0), schema.since_version)
    return {**newest, "": onnx.defs.onnx_opset_version()}


def _versions(proto: onnx.ModelProto) -> Iterator[Refusal]:
    import onnx

    if proto.ir_version > onnx.IR_VERSION:
        message = f"the file has IR version {proto.ir_version}, and the installed onnx reads up to {onnx.IR_VERSION}"
        yield Refusal("opset-too-new", message, "ir_version", "install a newer onnx")
    newest = newest_opsets()
    for entry in proto.opset_import:
        domain = domain_of(entry.domain)
        if domain in newest and entry.version > newest[domain]:
            message = (
                f"opset {entry.version} of {domain or 'ai.onnx'} is newer than the {newest[domain]} that onnx knows"
            )
            yield Refusal(
                "opset-too-new", message, "opset_import", "install a newer onnx, or export with a lower opset"
            )


def _operators(proto: onnx.ModelProto, supplied: Collection[str]) -> Iterator[Refusal]:
    imported = {domain_of(entry.domain): entry.version for entry in proto.opset_import}
    local = {(domain_of(function.domain), function.name) for function in proto.functions}
    newest = newest_opsets()
    seen = set()
    for node in nodes(proto):
        operator = (domain_of(node.domain), node.op_type)
        if operator in seen or operator in local or node.op_type in supplied:
            continue
        seen.add(operator)
        problem = _operator(node, imported, newest)
        if problem is not None:
            yield problem


def _operator(node: onnx.NodeProto, imported: dict[str, int], newest: dict[str, int]) -> Refusal | None:
    import onnx

    domain, where = domain_of(node.domain), name_of(node)
    if domain.startswith(_RUNTIME_DOMAINS) or (not domain and node.op_type in _RUNTIME_OPERATORS):
        return None
    shown = f"{domain}::{node.op_type}" if domain else node.op_type
    if domain not in newest:
        fix = "export the model without custom operators"
        return Refusal("unknown-domain", f"{where} is of the unknown domain {domain!r}", shown, fix)
    if domain not in imported:
        return Refusal("unknown-domain", f"{where} is of a domain that the file does not import", shown)
    if not onnx.defs.has(node.op_type, imported[domain], domain):
        message = f"{where}: opset {imported[domain]} has no operator {shown}"
        return Refusal("unknown-op", message, shown, "export the model with operators of its opset")
    return None


def _complaint(path: Path) -> ConversionError | None:
    """What onnx's own checker finds: attributes, arities, tensor sizes. It stops at what it finds first."""
    import onnx

    try:
        onnx.checker.check_model(str(path))
    except (onnx.checker.ValidationError, RuntimeError, ValueError) as error:
        text = str(error).strip()
        if _UNKNOWN.search(text):
            return None
        found = _CONTEXT.search(text)
        at = f"{found['op']} node {found['name']!r}" if found else ""
        complaint = ConversionError(
            f"{at + ': ' if at else ''}{text.splitlines()[0][:400]}",
            code="invalid-model",
            where=at or path.name,
            fix="export the model again",
        )
        complaint.__cause__ = error
        return complaint
    return None

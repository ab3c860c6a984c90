"""Which models a converter takes that knows operators in certain versions alone, and in which opset."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError, Refusal, refuse
from mlconvert_plugins.onnxfile.audit import domain_of, nodes
from mlconvert_plugins.onnxfile.wiring import name_of
from mlconvert_plugins.onnxtf.lowering import lowered, opset_of

if TYPE_CHECKING:
    import onnx

# Versions by operator of ai.onnx.
Known = Mapping[str, Collection[int]]

FIX = "leave out --via onnx2tf.onnx_tf: onnx2tf itself keeps up with ONNX"


def covered(proto: onnx.ModelProto, known: Known, opset: int) -> onnx.ModelProto:
    """The model as it stands where every operator is known, else in `opset`.

    Raises ConversionError with every operator that is not known there either (`unsupported-op`).
    """
    refuse(_from_the_future(proto))
    gaps = list(_gaps(proto, known))
    if not gaps:
        return proto
    if opset_of(proto) <= opset or any(gap.code != "unsupported-version" for gap in gaps):
        refuse(gaps)
    try:
        model = lowered(proto, opset)
    except ConversionError as error:
        reason = Refusal(error.code, error.message, error.where, error.fix)
        refuse([*gaps, reason])
    if any(_gaps(model, known)):
        refuse(gaps)
    return model


def _from_the_future(proto: onnx.ModelProto) -> Iterator[Refusal]:
    import onnx

    opset, newest = opset_of(proto), onnx.defs.onnx_opset_version()
    if opset > newest:
        message = f"the file has opset {opset}, and the onnx that onnx-tf runs with knows up to {newest}"
        yield Refusal("opset-too-new", message, "opset_import", f"{FIX}; or export with an older opset")


def _gaps(proto: onnx.ModelProto, known: Known) -> Iterator[Refusal]:
    """The operators that are not known, or not in the version that the opset means, once each with their nodes."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for node in nodes(proto):
        gap = _gap(node, opset_of(proto), known)
        if gap is not None:
            found.setdefault((*gap, node.op_type), []).append(name_of(node))
    for (code, reason, operator), names in found.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield Refusal(code, f"{names[0]}{more}: {reason}", operator, FIX)


def _gap(node: onnx.NodeProto, opset: int, known: Known) -> tuple[str, str] | None:
    import onnx

    domain = domain_of(node.domain)
    if domain or node.op_type not in known:
        return "unsupported-op", f"onnx-tf has no {domain + '::' if domain else ''}{node.op_type}"
    if not onnx.defs.has(node.op_type, opset):
        return "unknown-op", f"opset {opset} has no operator {node.op_type}"
    version = onnx.defs.get_schema(node.op_type, opset).since_version
    if version in known[node.op_type]:
        return None
    read = f"onnx-tf reads {node.op_type} up to version {max(known[node.op_type])}"
    return "unsupported-version", f"{read}, and opset {opset} means {version}"

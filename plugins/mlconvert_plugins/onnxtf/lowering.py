"""A model said with an older opset, by onnx's own converter, for readers that have not kept up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError
from mlconvert_plugins.onnxfile.audit import domain_of

if TYPE_CHECKING:
    import onnx


def opset_of(proto: onnx.ModelProto) -> int:
    """The opset of ai.onnx."""
    return max((entry.version for entry in proto.opset_import if not domain_of(entry.domain)), default=1)


def plain(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its functions inlined, and of an IR version that the installed onnx knows.

    A newer one says nothing else where no field is unknown, which whoever opened the file has seen to.
    """
    import onnx
    from onnx import inliner

    known = onnx.ModelProto()
    known.CopyFrom(proto)
    known.ir_version = min(proto.ir_version, onnx.IR_VERSION)
    return inliner.inline_local_functions(known) if known.functions else known


def lowered(proto: onnx.ModelProto, opset: int) -> onnx.ModelProto:
    """The model in an older opset, of 13 or later: across 13 onnx's converter keeps a Softmax that means another.

    Raises ConversionError (`unsupported-opset`) with onnx's reason, also for subgraphs, which its converter skips.
    """
    import onnx
    from onnx import version_converter

    if any(attribute.type == attribute.GRAPH for node in proto.graph.node for attribute in node.attribute):
        raise _failed(proto, opset, "onnx's converter leaves subgraphs as they are")
    try:
        model = version_converter.convert_version(_typed(proto), opset)
        onnx.checker.check_model(model)
    except (RuntimeError, version_converter.ConvertError, onnx.checker.ValidationError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise _failed(proto, opset, reason.rpartition("failed: ")[2]) from error
    return model


def _typed(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its integers in their own field: onnx 1.18's converter takes axes in raw bytes for none."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    constants = [attribute.t for node in copy.graph.node if node.op_type == "Constant" for attribute in node.attribute]
    for tensor in [*copy.graph.initializer, *constants]:
        if tensor.data_type == tensor.INT64 and tensor.HasField("raw_data"):
            values = onnx.numpy_helper.to_array(tensor).ravel().tolist()
            tensor.ClearField("raw_data")
            tensor.int64_data.extend(values)
    return copy


def _failed(proto: onnx.ModelProto, opset: int, reason: str) -> ConversionError:
    message = f"opset {opset_of(proto)} cannot be said with opset {opset}: {reason}"
    return ConversionError(message, code="unsupported-opset", where="opset_import", fix=f"export with opset {opset}")

"""Opening an ONNX file that nobody vouches for: one way, for the format, the runner, the passes and the stages.

Runs in a worker: the protobuf library parses the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mlconvert.errors import ConversionError, Refusal, refuse
from mlconvert_plugins.onnxfile import header
from mlconvert_plugins.onnxfile.external import check_external
from mlconvert_plugins.onnxfile.locate import locate
from mlconvert_plugins.onnxfile.strict import first_flaw

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir


def open_proto(path: Path) -> onnx.ModelProto:
    """The model's message, its external data checked and left on disk.

    Raises ConversionError: `not-onnx`, `broken-file`, `unknown-field`, or one of `check_external`'s.
    """
    import onnx
    from google.protobuf.message import DecodeError

    if header.read(path) is None:
        raise ConversionError(f"{path.name} is no ONNX file", code="not-onnx", where=path.name)
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(path.read_bytes())
    except DecodeError as error:
        place = locate(path)
        raise header.broken(path, place.offset, place.reason, place.inside) from error
    _refuse_flaw(proto, path)
    check_external(proto, path.parent)
    return proto


def open_model(path: Path) -> ir.Model:
    """The model as onnx_ir's graph, weights in external data mapped from their file.

    Raises ConversionError as `open_proto` does, and for what onnx_ir would drop without a word (`unsupported-field`)
    or cannot hold (`invalid-model`).
    """
    return to_model(open_proto(path), path)


def to_model(proto: onnx.ModelProto, path: Path) -> ir.Model:
    """The message of `path` as onnx_ir's graph; see `open_model`."""
    import onnx_ir as ir

    refuse(_dropped(proto), where=path.name)
    try:
        model = ir.from_proto(proto)
        ir.external_data.set_base_dir(model.graph, path.parent.absolute())
    except Exception as error:  # onnx_ir wraps whatever its parts raise
        raise ConversionError(
            f"{path.name} is no valid model: {root_cause(error)}",
            code="invalid-model",
            where=path.name,
            fix="export the model again",
        ) from error
    return model


def root_cause(error: BaseException) -> str:
    """The first line of the exception at the bottom of a chain."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _refuse_flaw(proto: onnx.ModelProto, path: Path) -> None:
    flaw = first_flaw(proto)
    if flaw is None:
        return
    if flaw.unknown is None:
        place = locate(path)
        raise header.broken(path, place.offset, place.reason, place.inside)
    raise ConversionError(
        f"{flaw.inside or 'the model'} has the field {flaw.unknown}, which the installed onnx does not know",
        code="unknown-field",
        where=flaw.inside or path.name,
        fix="install a newer onnx",
    )


def _dropped(proto: onnx.ModelProto) -> Iterator[Refusal]:
    """What onnx_ir does not carry from a message to its graph."""
    if proto.training_info:
        yield Refusal(
            "unsupported-field", "the model holds training graphs", "training_info", "export the model for inference"
        )
    for sparse in proto.graph.sparse_initializer:
        name = sparse.values.name
        yield Refusal("unsupported-field", f"the initializer {name!r} is sparse", name, "make it dense")

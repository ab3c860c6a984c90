"""Reading a SavedModel: its message, the graph in it that is for serving, and the signature to call it by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlconvert.errors import ConversionError, Refusal, refuse
from mlconvert.signature import DTYPES, Signature, Tensor
from mlconvert_plugins.tfgraph.lazy import load, tf
from mlconvert_plugins.tfgraph.metagraphs import FILE, TAG
from mlconvert_plugins.tfgraph.signatures import RESERVED, SERVING


def read(folder: Path) -> Any:
    """The SavedModel message of a folder. Raises ConversionError (`broken-file`)."""
    from google.protobuf.message import DecodeError

    proto = load("tensorflow.core.protobuf.saved_model_pb2").SavedModel()
    try:
        proto.ParseFromString((folder / FILE).read_bytes())
    except (OSError, DecodeError) as error:
        message = f"{folder.name}/{FILE} is no whole SavedModel"
        raise ConversionError(message, code="broken-file", where=folder.name, fix="copy or export it again") from error
    return proto


def serving(proto: Any, where: str) -> Any:
    """The MetaGraphDef for serving. Raises ConversionError (`no-serving-graph`) where there is none."""
    tags = [sorted(meta.meta_info_def.tags) for meta in proto.meta_graphs]
    if [TAG] in tags:
        return proto.meta_graphs[tags.index([TAG])]
    found = "; ".join(", ".join(one) or "none" for one in tags) or "none"
    message = f"it has no graph with the tag {TAG!r}, which is what servers load; its tags are: {found}"
    raise ConversionError(message, code="no-serving-graph", where=where, fix="export the model for serving")


def definition(meta: Any, where: str) -> Any:
    """The SignatureDef `serving_default`, or the only one. Raises ConversionError (`no-signature`)."""
    names = signature_names(meta)
    if SERVING in names or len(names) == 1:
        return meta.signature_def[SERVING if SERVING in names else names[0]]
    message = f"it has no signature {SERVING!r}; it has: {', '.join(names) or 'none'}"
    fix = f"save it with signatures={{'{SERVING}': ...}}"
    raise ConversionError(message, code="no-signature", where=where, fix=fix)


def signature_names(meta: Any) -> list[str]:
    """The names that a caller can use, sorted."""
    return sorted(name for name in meta.signature_def if not name.startswith(RESERVED))


def signature_of(definition: Any) -> Signature:
    """A SignatureDef's inputs and outputs, in the order of their names: protobuf's maps have no order of their own.

    Raises ConversionError with all that a signature cannot say: `not-a-tensor`, `unsupported-dtype`, `unknown-rank`.
    """
    slots = [*definition.inputs.items(), *definition.outputs.items()]
    refuse([problem for name, info in slots for problem in _problems(name, info)], where="signature")
    return Signature(inputs=_tensors(definition.inputs), outputs=_tensors(definition.outputs))


def _problems(name: str, info: Any) -> Iterator[Refusal]:
    if info.WhichOneof("encoding") != "name":
        yield Refusal("not-a-tensor", f"{name!r} is made of several tensors, and is no dense one", name)
    elif _dtype(info) not in DTYPES:
        yield Refusal("unsupported-dtype", f"{name!r} has the type {_dtype(info)}", name)
    elif info.tensor_shape.unknown_rank:
        yield Refusal("unknown-rank", f"the file does not say how many dims {name!r} has", name)


def _dtype(info: Any) -> str:
    try:
        return str(tf.dtypes.as_dtype(info.dtype).name)
    except TypeError:
        return f"number {info.dtype}"


def _tensors(slots: Mapping[str, Any]) -> tuple[Tensor, ...]:
    return tuple(_tensor(name, slots[name]) for name in sorted(slots))


def _tensor(name: str, info: Any) -> Tensor:
    return Tensor(name, _dtype(info), tuple(dim.size if dim.size >= 0 else None for dim in info.tensor_shape.dim))

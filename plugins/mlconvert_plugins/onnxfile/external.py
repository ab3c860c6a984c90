"""External data: a tensor's bytes in another file, which must lie below the model's folder and hold them all.

Source: onnx.proto, `TensorProto.external_data`, and docs/ExternalData.md of ONNX.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from mlconvert.errors import Refusal, refuse

if TYPE_CHECKING:
    import onnx

# More than these of one kind tell a reader nothing new.
_SHOWN = 20
# The keys of onnx.proto; checksum and basepath say nothing that is needed to read the bytes.
_KEYS = {"location", "offset", "length", "checksum", "basepath"}


@dataclass(frozen=True)
class Place:
    """Where a tensor's bytes lie. A length of None runs to the end of the file."""

    location: str
    offset: int = 0
    length: int | None = None


def tensors(proto: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor of the model: initializers, sparse ones, attributes, those of subgraphs and functions."""
    yield from _in_graph(proto.graph)
    for function in proto.functions:
        yield from _in_nodes(function.node)
        for attribute in function.attribute_proto:
            yield from _in_attribute(attribute)
    for training in proto.training_info:
        yield from _in_graph(training.initialization)
        yield from _in_graph(training.algorithm)


def _in_graph(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    yield from _in_nodes(graph.node)


def _in_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    for node in nodes:
        for attribute in node.attribute:
            yield from _in_attribute(attribute)


def _in_attribute(attribute: onnx.AttributeProto) -> Iterator[onnx.TensorProto]:
    if attribute.HasField("t"):
        yield attribute.t
    yield from attribute.tensors
    for sparse in [
        *([attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else ()),
        *attribute.sparse_tensors,
    ]:
        yield from (sparse.values, sparse.indices)
    for graph in [*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs]:
        yield from _in_graph(graph)


def is_external(tensor: onnx.TensorProto) -> bool:
    """Whether the tensor's bytes lie in another file."""
    return tensor.data_location == tensor.EXTERNAL


def check_external(proto: onnx.ModelProto, folder: Path) -> tuple[Path, ...]:
    """The external data files of a model that stands in `folder`, in order of appearance.

    Raises ConversionError with all that is wrong: `external-data-outside` for a location that is absolute, climbs
    with `..` or leads out by a link, `external-data-missing` for a file that is not there, `external-data-short` for
    a range beyond the file's end, `external-data-invalid` for an entry that cannot be read.
    """
    found: dict[Path, int] = {}
    refusals: list[Refusal] = []
    for tensor in tensors(proto):
        if is_external(tensor):
            problem = _check(tensor, folder, found)
            if problem is not None and len(refusals) < _SHOWN:
                refusals.append(problem)
    refuse(refusals, where="external data")
    return tuple(found)


def _check(tensor: onnx.TensorProto, folder: Path, found: dict[Path, int]) -> Refusal | None:
    """What is wrong with one tensor's place; `found` collects the files with their sizes."""
    place = _place(tensor)
    if isinstance(place, Refusal):
        return place
    path = folder / place.location
    if path not in found:
        problem = _check_file(tensor.name, place.location, folder)
        if problem is not None:
            return problem
        found[path] = path.stat().st_size
    return _check_range(tensor, place, found[path])


def _place(tensor: onnx.TensorProto) -> Place | Refusal:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    numbers = {key: entries[key] for key in ("offset", "length") if key in entries}
    readable = all(number.isascii() and number.isdigit() and len(number) < 20 for number in numbers.values())
    plain = entries.keys() <= _KEYS and len(entries) == len(tensor.external_data)
    if not location or "\0" in location or not readable or not plain:
        return _refusal("invalid", tensor.name, f"has an entry that cannot be read: {entries}")
    length = int(numbers["length"]) if "length" in numbers else None
    return Place(location, int(numbers.get("offset", 0)), length)


def _check_file(name: str, location: str, folder: Path) -> Refusal | None:
    windows = PureWindowsPath(location)
    if PurePosixPath(location).is_absolute() or windows.is_absolute() or windows.drive or windows.root:
        return _refusal("outside", name, f"lies at the absolute path {location!r}")
    if ".." in windows.parts:
        return _refusal("outside", name, f"lies outside the model's folder: {location!r}")
    real = (folder / location).resolve()
    if not real.is_relative_to(folder.resolve()):
        return _refusal("outside", name, f"leads out of the model's folder by a link: {location!r}")
    if (folder / location).is_symlink():
        # onnx's own checker takes no link, wherever it leads.
        return _refusal("outside", name, f"lies in {location!r}, which is a link")
    if not real.is_file():
        return _refusal("missing", name, f"needs the file {location!r}, which is not there")
    if real.stat().st_nlink > 1:
        return _refusal("outside", name, f"lies in {location!r}, which has other hard links, maybe elsewhere")
    return None


def _check_range(tensor: onnx.TensorProto, place: Place, size: int) -> Refusal | None:
    if any(dim < 0 for dim in tensor.dims):
        return _refusal("invalid", tensor.name, f"has the impossible shape {list(tensor.dims)}")
    length = size - place.offset if place.length is None else place.length
    if length < 0 or place.offset + length > size:
        end = place.offset + max(length, 0)
        return _refusal("short", tensor.name, f"needs bytes up to {end} of {place.location!r}, which has {size}")
    needed = bytes_of(tensor)
    if needed is not None and length != needed:
        return _refusal("short", tensor.name, f"has {length} bytes in {place.location!r} and its shape needs {needed}")
    return None


def bytes_of(tensor: onnx.TensorProto) -> int | None:
    """The bytes that a tensor's dtype and shape ask for; None for strings and for what onnx_ir does not know."""
    import onnx_ir as ir

    try:
        bits: int = ir.DataType(tensor.data_type).bitwidth
        count: int = math.prod(tensor.dims)
        return -(-count * bits // 8)
    except (ValueError, TypeError):
        return None


_FIXES = {
    "outside": "put the data file into the model's folder, as a file of its own",
    "missing": "put the data file beside the model under that name",
    "short": "copy the data file again: it is cut short, or belongs to another model",
    "invalid": "export the model again",
}


def _refusal(kind: str, tensor: str, problem: str) -> Refusal:
    message = f"external data of tensor {tensor!r} {problem}"
    return Refusal(f"external-data-{kind}", message, where=tensor, fix=_FIXES[kind])

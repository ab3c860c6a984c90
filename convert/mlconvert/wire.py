"""Messages between processes: JSON in length-prefixed frames, arrays as files beside them.

JSON and not pickle, because the process at the other end may have read a hostile file. What may cross is
listed here: JSON's own values, tuples, paths, the contract's dataclasses and numpy arrays.
"""

from __future__ import annotations

import dataclasses
import json
import struct
import uuid
from pathlib import Path
from typing import Any, BinaryIO, Optional

from mlconvert.artifact import Artifact
from mlconvert.errors import Fault, Refusal
from mlconvert.format import Verdict
from mlconvert.host import Gpu, Host
from mlconvert.signature import Column, DimRange, Signature, Tensor
from mlconvert.stage import Outcome, Suspect, Tolerance

_CLASSES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        Artifact, Column, DimRange, Fault, Gpu, Host, Outcome, Refusal, Signature, Suspect, Tensor, Tolerance, Verdict,
    )
}  # fmt: skip

_LENGTH = struct.Struct("<Q")
_TAG = "$"


def encode(value: Any, folder: Optional[Path] = None) -> Any:
    """`value` as JSON values; arrays are written into `folder`."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [encode(item, folder) for item in value]
    if isinstance(value, tuple):
        return {_TAG: "tuple", "v": [encode(item, folder) for item in value]}
    if isinstance(value, dict):
        return {_TAG: "dict", "v": [[encode(key), encode(item, folder)] for key, item in value.items()]}
    if isinstance(value, Path):
        return {_TAG: "path", "v": str(value)}
    if type(value).__name__ in _CLASSES and dataclasses.is_dataclass(value):
        fields = {f.name: encode(getattr(value, f.name), folder) for f in dataclasses.fields(value)}
        return {_TAG: type(value).__name__, "v": fields}
    if type(value).__module__ == "numpy":
        return _encode_numpy(value, folder)
    raise TypeError(f"{type(value).__name__} does not cross a process boundary")


def _encode_numpy(value: Any, folder: Optional[Path]) -> Any:
    import numpy as np

    if isinstance(value, np.generic):
        return encode(value.item())
    if folder is None or value.dtype.hasobject:
        return {_TAG: "objects", "shape": list(value.shape), "v": encode(value.ravel().tolist())}
    path = folder / f"{uuid.uuid4().hex}.npy"
    # ml_dtypes' types have no letter in the npy format; their bytes travel as unsigned integers of the same width.
    plain = value.view(f"u{value.dtype.itemsize}") if value.dtype.isbuiltin == 2 else value
    np.save(path, plain, allow_pickle=False)
    return {_TAG: "array", "v": path.name, "dtype": value.dtype.name}


def decode(entry: Any, folder: Optional[Path] = None) -> Any:
    """The value that `encode` was given. Raises KeyError, TypeError or ValueError for anything else."""
    if isinstance(entry, list):
        return [decode(item, folder) for item in entry]
    if not isinstance(entry, dict):
        return entry
    kind, value = entry[_TAG], entry["v"]
    if kind == "tuple":
        return tuple(decode(item, folder) for item in value)
    if kind == "dict":
        return {decode(key): decode(item, folder) for key, item in value}
    if kind == "path":
        return Path(value)
    if kind in ("array", "objects"):
        return _decode_numpy(entry, folder)
    return _CLASSES[kind](**{name: decode(item, folder) for name, item in value.items()})


def _decode_numpy(entry: dict[str, Any], folder: Optional[Path]) -> Any:
    import numpy as np

    if entry[_TAG] == "objects" or folder is None:
        return np.array(entry["v"], dtype=object).reshape(entry["shape"])
    path = folder / Path(entry["v"]).name
    plain = np.load(path, mmap_mode="c", allow_pickle=False)
    path.unlink()  # the mapping keeps the bytes
    if plain.dtype.name == entry["dtype"]:
        return plain
    import ml_dtypes

    return plain.view(getattr(ml_dtypes, entry["dtype"]))


def send(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Write one frame."""
    body = json.dumps(message).encode()
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def receive(stream: BinaryIO) -> Optional[dict[str, Any]]:
    """Read one frame; None at the end of the stream."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    size = _LENGTH.unpack(head)[0]
    body = stream.read(size)
    return json.loads(body) if len(body) == size else None

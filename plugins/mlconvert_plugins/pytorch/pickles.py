"""Reading what a pickle would do, without doing it: its opcodes name every global that it could call.

torch's own restricted loader (torch/_weights_only_unpickler.py) takes a fixed set of globals, which rebuild
tensors and nothing else; the same set is used here.
"""

from __future__ import annotations

import io
import pickletools
import re
from dataclasses import dataclass
from typing import BinaryIO, Optional

# Opcodes that resolve a global by other ways than writing it down; torch's restricted loader takes none of them.
_INDIRECT = frozenset({"STACK_GLOBAL", "OBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4", "PERSID"})
_SETUP = frozenset({"PROTO", "FRAME", "MARK", "MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"})

_DTYPES = """
    bool uint8 int8 int16 int32 int64 uint16 uint32 uint64 float16 float32 float64 bfloat16 complex32 complex64
    complex128 qint8 quint8 qint32 quint4x2 quint2x4 bits8 bits16 bits1x8 bits2x4 bits4x2 float8_e5m2 float8_e4m3fn
    float8_e5m2fnuz float8_e4m3fnuz float8_e8m0fnu float4_e2m1fn_x2 int1 int2 int3 int4 int5 int6 int7 uint1 uint2 uint3
    uint4 uint5 uint6 uint7 per_tensor_affine per_tensor_symmetric per_channel_affine per_channel_symmetric
    per_channel_affine_float_qparams
"""
_STORAGES = """
    Double Float Half Long Int Short Char Byte Bool BFloat16 ComplexDouble ComplexFloat QUInt8 QInt8 QInt32 QUInt4x2
    QUInt2x4
"""
_CUDA_STORAGES = "Double Float Half Long Int Short Char Byte Bool BFloat16 ComplexDouble ComplexFloat"
_REBUILDERS = """
    parameter parameter_with_state qtensor tensor tensor_v2 tensor_v3 sparse_tensor meta_tensor_no_storage
    wrapper_subclass device_tensor_from_numpy device_tensor_from_cpu_tensor
"""

SAFE = frozenset(
    {
        "collections.OrderedDict", "collections.Counter", "_codecs.encode", "builtins.bytearray", "builtins.set",
        "builtins.complex", "torch.nn.parameter.Parameter", "torch.serialization._get_layout", "torch.Size",
        "torch.Tensor", "torch.device", "torch.storage.TypedStorage", "torch.storage.UntypedStorage",
        "torch._tensor._rebuild_from_type_v2",
    }
    | {f"torch.{name}" for name in _DTYPES.split()}
    | {f"torch.{name}Storage" for name in _STORAGES.split()}
    | {f"torch.cuda.{name}Storage" for name in _CUDA_STORAGES.split()}
    | {f"torch._utils._rebuild_{name}" for name in _REBUILDERS.split()}
)  # fmt: skip

# Python 2 wrote other names for the same modules.
_OLD_MODULES = {"__builtin__": "builtins", "UserDict": "collections"}


@dataclass(frozen=True)
class Scan:
    """What a stream of pickles could call: `root` makes the last object, `fault` says why reading stopped."""

    globals: tuple[str, ...]
    root: str
    fault: Optional[str] = None

    def beyond(self, allowed: frozenset[str] = SAFE, prefix: Optional[str] = None) -> Optional[str]:
        """The first global that is not allowed, or None. Names that start with `prefix` are allowed too."""
        bad = (name for name in self.globals if name not in allowed and not (prefix and name.startswith(prefix)))
        return next(bad, None)


def scan(stream: BinaryIO, count: int = 1) -> Scan:
    """Read the next `count` pickles of a stream. Bytes that are no pickle end the scan, and stand in its `fault`."""
    found: dict[str, None] = {}
    root = ""
    try:
        for _ in range(count):
            root = _scan_one(stream, found)
    except (ValueError, IndexError, OverflowError, MemoryError, RecursionError) as error:
        return Scan(tuple(found), root, str(error) or type(error).__name__)
    return Scan(tuple(found), root)


def _scan_one(stream: BinaryIO, found: dict[str, None]) -> str:
    """Add the globals of the next pickle to `found`; the global or opcode that makes its outermost object."""
    root = ""
    texts: list[str] = []
    for operation, argument, _ in pickletools.genops(stream):
        name = operation.name
        if "UNICODE" in name:
            texts.append(str(argument))
        called = _called(name, argument, texts)
        if called:
            found[called] = None
        if not root and name not in _SETUP:
            root = called or name
    return root


def _called(name: str, argument: object, texts: list[str]) -> str:
    """The global that an opcode resolves, or the opcode in brackets where the name is made at run time."""
    if name in ("GLOBAL", "INST"):
        module, _, attribute = str(argument).partition(" ")
        return f"{_OLD_MODULES.get(module, module)}.{attribute}"
    if name == "STACK_GLOBAL" and len(texts) >= 2:
        return ".".join(texts[-2:])
    return f"({name})" if name in _INDIRECT else ""


def hidden(data: bytes) -> Optional[str]:
    """A forbidden global that bytes which are no pickle by their role would call if somebody unpickled them.

    Numbers can look like an opcode or two; what is reported names a module and an attribute in full.
    """
    named = (name for name in scan(io.BytesIO(data)).globals if re.fullmatch(r"[A-Za-z_]\w*(\.\w+)+", name))
    return next((name for name in named if name not in SAFE), None)

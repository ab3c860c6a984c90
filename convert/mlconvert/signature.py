"""What goes into a model and what comes out, in the model's own names and order.

A tensor's dim is an int, a name (`batch`), an expression over names (`(h-1)//2+1`) or None (unknown).
Each name has a range: min, opt and max, where max may be open.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Optional

# Whoever deals in signatures deals in dims: they are had from here, too.
from mlconvert.dims import Dim as Dim
from mlconvert.dims import DimRange as DimRange
from mlconvert.dims import evaluate as evaluate
from mlconvert.dims import names_in as names_in
from mlconvert.dims import parse_dim_range as parse_dim_range

DTYPES = frozenset(
    [
        "bool",
        "int4",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint4",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "bfloat16",
        "float32",
        "float64",
        "float4_e2m1fn",
        "float8_e4m3fn",
        "float8_e4m3fnuz",
        "float8_e5m2",
        "float8_e5m2fnuz",
        "complex64",
        "complex128",
        "string",
    ]
)


@dataclass(frozen=True)
class Tensor:
    """One input or output. `range` bounds the values drawn for it in parity, both ends included."""

    name: str
    dtype: str
    shape: tuple[Dim, ...]
    range: Optional[tuple[float, float]] = None

    def __str__(self) -> str:
        dims = ",".join("?" if dim is None else str(dim) for dim in self.shape)
        drawn = "" if self.range is None else f"={_number(self.range[0])}..{_number(self.range[1])}"
        return f"{self.name}:{self.dtype}[{dims}]{drawn}"


@dataclass(frozen=True)
class Column:
    """One feature of a tabular model: `type` is numeric, categorical, boolean or text; `missing` is its rule."""

    name: str
    type: str
    categories: Optional[tuple[Any, ...]] = None
    missing: Optional[str] = None


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs in order, the ranges of their named dims, and for tabular models columns and labels."""

    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    dims: Mapping[str, DimRange] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    labels: tuple[Any, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The manifest's form of the signature."""
        entry: dict[str, Any] = {
            "inputs": [_tensor_json(tensor) for tensor in self.inputs],
            "outputs": [_tensor_json(tensor) for tensor in self.outputs],
            "dims": {name: [r.min, r.opt, r.max] for name, r in self.dims.items()},
        }
        if self.columns:
            entry["columns"] = [
                {key: value for key, value in vars(column).items() if value is not None} for column in self.columns
            ]
        if self.labels:
            entry["labels"] = list(self.labels)
        return entry

    @staticmethod
    def from_json(entry: Mapping[str, Any]) -> Signature:
        """The signature that `as_json` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        return Signature(
            inputs=tuple(_tensor_from_json(tensor) for tensor in entry["inputs"]),
            outputs=tuple(_tensor_from_json(tensor) for tensor in entry["outputs"]),
            dims={name: DimRange(*sizes) for name, sizes in entry["dims"].items()},
            columns=tuple(
                Column(c["name"], c["type"], tuple(c["categories"]) if "categories" in c else None, c.get("missing"))
                for c in entry.get("columns", ())
            ),
            labels=tuple(entry.get("labels", ())),
        )

    def names(self) -> tuple[str, ...]:
        """The names of the dims that the inputs mention, in order of appearance."""
        found: dict[str, None] = {}
        for tensor in self.inputs:
            for dim in tensor.shape:
                found.update(dict.fromkeys(names_in(dim)))
        return tuple(found)

    def range_of(self, name: str) -> DimRange:
        """The range of a named dim; one that nobody bounded is 1 and up."""
        return self.dims.get(name, DimRange())

    def informed_by(self, other: Signature) -> Signature:
        """This signature with what the file cannot say and a manifest of the same bytes can.

        Ranges of the dims that it names, ranges of its inputs' values, columns and labels.
        """
        ranges = {(tensor.name, tensor.dtype): tensor.range for tensor in other.inputs}
        return replace(
            self,
            # What a user has said goes before what can be read from tables of the model.
            inputs=tuple(replace(t, range=ranges.get((t.name, t.dtype)) or t.range) for t in self.inputs),
            dims={**self.dims, **{name: other.dims[name] for name in self.names() if name in other.dims}},
            columns=self.columns or other.columns,
            labels=self.labels or other.labels,
        )

    def merged(self, inputs: Iterable[Tensor], dims: Mapping[str, DimRange]) -> Signature:
        """This signature with what the user wrote: inputs replace those of the same name, and dims are added.

        A range that they do not give stays. Raises ValueError for an input the signature does not have, another dtype
        or another rank; a signature without inputs takes them all.
        """
        given = {tensor.name: tensor for tensor in inputs}
        known = {tensor.name: tensor for tensor in self.inputs}
        if not known:
            return replace(self, inputs=tuple(given.values()), dims={**self.dims, **dims})
        for tensor in given.values():
            own = known.get(tensor.name)
            if own is None:
                raise ValueError(f"the model has no input {tensor.name!r}; its inputs are: {', '.join(known)}")
            if own.dtype != tensor.dtype:
                raise ValueError(f"input {tensor.name!r} is {own.dtype}, not {tensor.dtype}")
            if len(own.shape) != len(tensor.shape):
                raise ValueError(f"input {tensor.name!r} has rank {len(own.shape)}, not {len(tensor.shape)}")
        replaced = {name: replace(tensor, range=tensor.range or known[name].range) for name, tensor in given.items()}
        return replace(self, inputs=tuple({**known, **replaced}.values()), dims={**self.dims, **dims})


def _number(value: float) -> str:
    """The shortest text that reads back as the same number."""
    return repr(float(value)).removesuffix(".0")


def _tensor_json(tensor: Tensor) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": tensor.name, "dtype": tensor.dtype, "shape": list(tensor.shape)}
    if tensor.range is not None:
        entry["range"] = list(tensor.range)
    return entry


def _tensor_from_json(entry: Mapping[str, Any]) -> Tensor:
    bounds = entry.get("range")
    return Tensor(entry["name"], entry["dtype"], tuple(entry["shape"]), None if bounds is None else tuple(bounds))


# --- the words a user writes -------------------------------------------------------------------------

_TENSOR = re.compile(r"(?P<name>.+?):(?P<dtype>\w+)\[(?P<shape>[^\[\]]*)\](?:=(?P<low>.+?)\.\.(?P<high>.+))?")


def parse_tensor(text: str) -> Tensor:
    """Read `name:dtype[dim,dim,…]`, with `=low..high` for the values to draw. Raises ValueError."""
    match = _TENSOR.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no input; write it like 'x:float32[batch,3,224,224]'")
    if match["dtype"] not in DTYPES:
        raise ValueError(f"{match['dtype']!r} is no dtype; known are: {', '.join(sorted(DTYPES))}")
    dims = match["shape"].strip()
    shape = tuple(_parse_dim(dim.strip()) for dim in _split(dims)) if dims else ()
    bounds = None if match["low"] is None else _parse_bounds(match["low"], match["high"], text)
    return Tensor(match["name"], match["dtype"], shape, bounds)


def _split(dims: str) -> list[str]:
    """The parts between the commas that stand outside every call: `batch,max(h,w)` has two."""
    parts = [""]
    depth = 0
    for letter in dims:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _parse_bounds(low: str, high: str, text: str) -> tuple[float, float]:
    try:
        bounds = (float(low), float(high))
    except ValueError:
        bounds = (math.nan, math.nan)
    if not all(map(math.isfinite, bounds)):
        raise ValueError(f"{text!r} has no readable range; write it like '=0..30521'")
    if bounds[0] > bounds[1]:
        raise ValueError(f"the range of {text!r} is empty")
    return bounds


def _parse_dim(text: str) -> Dim:
    if text == "?":
        return None
    if re.fullmatch(r"\d+", text):
        return int(text)
    names_in(text)  # raises for what is neither a name nor an expression
    return text
